"""The tokenizer against `transformers`, with a tiny vocabulary and with that of MiniLM."""

import numpy as np
import pytest

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
decoders = pytest.importorskip("tokenizers").decoders

from mfml.attention import wordpiece  # noqa: E402
from mfml.data import minilm  # noqa: E402
from tests.attention.examples_text import FILES  # noqa: E402

TEXTS = [
    "Al2O3 is a ceramic.",
    "LiFePO4, α-Fe and (Ti0.5Zr0.5)O2-δ: ΔG° = −42.5 kJ·mol⁻¹",
    "γ′ precipitates in Inconel® 718 — 5 µm, 10⁻³ s⁻¹",
    "Widmanstätten, naïve, Ångström, ÇA, ßtraße, İstanbul, ΟΔΟΣ",
    "e\u0301 and \u00e9; ﬁne ligatures ½ ²",
    "钢铁 and 日本語のテキスト 한국어 ไทย",
    "tab\there\nnew\r\nline\u2028para\u00a0hard\u3000wide\u200bzero\u00adsoft\x00nul\ufffd",
    "smile 😀 👩‍🔬 flag 🇩🇪",
    "[MASK] of [SEP] and [mask] [CLS][PAD] [UNK]",
    "don't can't `code` $x^2$ ~|{}<>",
    "pneumonoultramicroscopicsilicovolcanoconiosis " + "x" * 99 + " " + "y" * 100 + " " + "z" * 101,
    "##able ## # [ ] [[CLS]]",
    "",
    "   ",
]


@pytest.fixture(scope="module", params=["tiny", "minilm"])
def both(request):
    if request.param == "minilm" and not minilm.is_installed():
        pytest.skip("MiniLM is not installed")
    path = FILES / "vocab.txt" if request.param == "tiny" else minilm.load()[0].vocabulary
    return wordpiece.read(path), transformers.BertTokenizer(vocab=str(path))


def random_texts(count=1500):
    """Text of characters that Unicode had before 2015, as the library knows no later ones."""
    rng = np.random.default_rng(0)
    ranges = [(0x20, 0x7F), (0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x2000, 0x2070), (0x4E00, 0x4E20)]
    ranges += [(0xAC00, 0xAC40), (0xF900, 0xF920), (0x1F600, 0x1F640), (0x20000, 0x20010), (0xFF00, 0xFF60)]
    for _ in range(count):
        low, high = np.array(ranges)[rng.integers(len(ranges), size=40)].T
        picked = low + (rng.uniform(size=40) * (high - low)).astype(int)
        yield "".join(chr(c) if rng.uniform() < 0.7 else rng.choice(list(" ehlo2")) for c in picked)


def test_texts_have_the_same_tokens(both):
    ours, theirs = both
    for text in [*TEXTS, *random_texts()]:
        assert wordpiece.tokenize(ours, text) == theirs.tokenize(text), text


def test_batches_are_the_same(both):
    ours, theirs = both
    found = wordpiece.encode(ours, TEXTS, max_length=40)
    needed = theirs(TEXTS, padding=True, truncation=True, max_length=40, return_tensors="np")
    np.testing.assert_array_equal(found.ids, needed["input_ids"])
    np.testing.assert_array_equal(found.mask, needed["attention_mask"] == 1)
    np.testing.assert_array_equal(found.segments, needed["token_type_ids"])


@pytest.mark.parametrize("max_length", range(3, 30))
def test_pairs_are_cut_in_the_same_way(both, max_length):
    ours, theirs = both
    firsts = ["a " * length for length in (0, 1, 4, 9, 10, 11)]
    pairs = [(first, second) for first in firsts for second in firsts]
    found = wordpiece.encode(
        ours, [a for a, _ in pairs], pairs=[b for _, b in pairs], max_length=max_length, padded=True
    )
    needed = theirs(
        [a for a, _ in pairs],
        [b for _, b in pairs],
        padding="max_length",
        truncation=True,
        max_length=max_length,
        return_tensors="np",
    )
    np.testing.assert_array_equal(found.ids, needed["input_ids"])
    np.testing.assert_array_equal(found.segments, needed["token_type_ids"])
    np.testing.assert_array_equal(found.mask, needed["attention_mask"] == 1)


def test_decoding_is_the_same(both):
    ours, theirs = both
    theirs.backend_tokenizer.decoder = decoders.WordPiece(cleanup=False)  # which would move punctuation
    rng = np.random.default_rng(0)
    for _ in range(200):
        ids = rng.integers(len(ours.vocabulary), size=12)
        ids[0] = ours.ids["a"]
        for skip in (True, False):
            needed = theirs.decode(ids, skip_special_tokens=skip)
            assert wordpiece.decode(ours, ids, skip_special=skip) == needed


def test_every_character_of_the_common_plane_is_treated_alike():
    rules = transformers.BertTokenizer(vocab=str(FILES / "vocab.txt")).backend_tokenizer
    others = 0
    for point in [*range(0xD800), *range(0xE000, 0x10000)]:
        text = f"a{chr(point)}B"
        needed = [word for word, _ in rules.pre_tokenizer.pre_tokenize_str(rules.normalizer.normalize_str(text))]
        others += wordpiece.words(text) != needed
    assert others < 250, "characters newer than the library's tables"
