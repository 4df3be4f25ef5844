"""The tokenizer: splitting by hand-made examples, cutting by brute force, what happens at the limits, nasty Unicode."""

import re

import numpy as np
import pytest

from mfml.attention import wordpiece
from mfml.data import minilm
from tests.attention.examples_text import FILES

TOKENIZER = wordpiece.read(FILES / "vocab.txt")


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("Hello,  World!", ["hello", ",", "world", "!"]),
        (
            "tab\there\r\nline\u2028para\u2029hard\u00a0wide\u3000end",
            ["tab", "here", "line", "para", "hard", "wide", "end"],
        ),
        ("a\x00b\ufffdc\u200bd\u00ade\x7f\x85f", ["abcdef"]),  # control characters and soft hyphens
        ("naïve Ångström e\u0301", ["naive", "angstrom", "e"]),
        ("İstanbul ΣΑΣ ẞ", ["istanbul", "σασ", "ß"]),
        ("ab中文c", ["ab", "中", "文", "c"]),
        ("かな 한", ["かな", "\u1112\u1161\u11ab"]),  # syllables fall apart into letters, as the vocabulary expects
        ("$5^2 `x` ~1%", ["$", "5", "^", "2", "`", "x", "`", "~", "1", "%"]),
        ("«so»—…", ["«", "so", "»", "—", "…"]),
        ("LiFePO4/Al2O3", ["lifepo4", "/", "al2o3"]),
        ("x² µm ½", ["x²", "µm", "½"]),  # no compatibility forms
        ("\ud800a", ["a"]),
        ("", []),
        (" \n", []),
    ],
)
def test_text_is_split_into_words(text, needed):
    assert wordpiece.words(text) == needed


def test_a_cased_model_keeps_capitals_and_accents():
    assert wordpiece.words("Naïve Σ, 中a", lower_case=False) == ["Naïve", "Σ", ",", "中", "a"]
    cased = wordpiece.read(FILES / "vocab.txt", lower_case=False)
    assert wordpiece.tokenize(cased, "Hello hello") == ["[UNK]", "hello"]


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("Hello world", "hello world"),
        ("unaffable", "un ##aff ##able"),
        ("Al2O3 and LiFePO4", "al ##2 ##o ##3 [UNK] li ##fe ##po ##4"),
        ("α-Fe", "α - fe"),
        ("unaffably", "[UNK]"),  # no part of it is kept
        ("o2", "[UNK]"),  # a piece that continues a word cannot begin one
        ("##able", "[UNK] [UNK] [UNK]"),
        ("hello [MASK]world[SEP]", "hello [MASK] world [SEP]"),
        ("[mask] [CLS", "[UNK] [UNK] [UNK] [UNK] [UNK]"),
        ("a" * 100, "a" + " ##a" * 99),
        ("a" * 101, "[UNK]"),
        ("", ""),
    ],
)
def test_words_are_cut_into_pieces(text, needed):
    assert wordpiece.tokenize(TOKENIZER, text) == needed.split()


def brute_force(ids, word):
    """Cut by a regular expression that tries longer pieces first, and never goes back."""
    by_length = sorted((t for t in ids if t), key=len, reverse=True)
    heads = "|".join(re.escape(t) for t in by_length if not t.startswith("##"))
    tails = "|".join(re.escape(t[2:]) for t in by_length if t.startswith("##"))
    found, place = [], 0
    while place < len(word):
        match = re.compile(tails if place else heads).match(word, place)
        if match is None:
            return ["[UNK]"]
        found.append("##" * (place > 0) + match[0])
        place = match.end()
    return found


def test_pieces_are_the_longest_from_the_left():
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("abc"), rng.integers(1, 5))) for _ in range(40)]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *{("##" * int(rng.integers(2))) + word for word in letters}]
    tokenizer = wordpiece.Tokenizer(tuple(tokens), {token: i for i, token in enumerate(tokens)}, True)
    words = ["".join(rng.choice(list("abc"), rng.integers(1, 12))) for _ in range(300)]
    found = [wordpiece.tokenize(tokenizer, word) for word in words]
    assert found == [brute_force(tokens, word) for word in words]
    assert 20 < sum(tokens == ["[UNK]"] for tokens in found) < 280


def test_rows_are_filled_up():
    found = wordpiece.encode(TOKENIZER, ["hello world", "", "the phase is"])
    assert found.ids.tolist() == [[2, 5, 6, 3, 0], [2, 3, 0, 0, 0], [2, 7, 8, 9, 3]]
    assert found.mask.sum(axis=1).tolist() == [4, 2, 5]
    np.testing.assert_array_equal(found.mask, found.ids != 0)
    assert not found.segments.any()
    assert not found.cut.any()
    assert (found.ids.dtype, found.mask.dtype, found.segments.dtype) == (np.int32, bool, np.int32)
    wide = wordpiece.encode(TOKENIZER, ["hello world"], max_length=7, padded=True)
    assert wide.ids.tolist() == [[2, 5, 6, 3, 0, 0, 0]]
    none = wordpiece.encode(TOKENIZER, [])
    assert none.ids.shape == none.mask.shape == none.segments.shape == (0, 0)


def test_pairs_have_two_segments():
    found = wordpiece.encode(TOKENIZER, ["hello world", ""], pairs=["the", "phase is"])
    assert found.ids.tolist() == [[2, 5, 6, 3, 7, 3], [2, 3, 8, 9, 3, 0]]
    assert found.segments.tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0]]


def test_a_written_special_token_is_one_more_token():
    assert wordpiece.encode(TOKENIZER, ["the [MASK]"]).ids.tolist() == [[2, 7, 4, 3]]


@pytest.mark.parametrize("max_length", range(2, 9))
def test_a_text_loses_its_end(max_length):
    found = wordpiece.encode(TOKENIZER, ["hello world the phase", "hello"], max_length=max_length)
    room = max_length - 2
    assert found.ids[0].tolist() == [2, *[5, 6, 7, 8][:room], 3]
    assert found.cut.tolist() == [room < 4, room < 1]


@pytest.mark.parametrize("lengths", [(6, 6), (6, 3), (3, 6), (0, 5), (5, 0), (1, 4)])
def test_the_longer_text_of_a_pair_is_shortened(lengths):
    first, second = ("a " * length for length in lengths)
    for room in range(sum(lengths) + 2):
        left, shorter = list(lengths), 0 if lengths[0] <= lengths[1] else 1
        while sum(left) > room:  # one token after the other
            left[shorter if left[0] == left[1] else int(np.argmax(left))] -= 1
        found = wordpiece.encode(TOKENIZER, [first], pairs=[second], max_length=room + 3)
        assert (found.segments[0] == 1).sum() == left[1] + 1
        assert found.mask.sum() == sum(left) + 3
        assert found.cut.tolist() == [tuple(left) != lengths]


def test_decoding_joins_pieces():
    text = "the α - fe phase is unaffable , al2o3"
    ids = wordpiece.encode(TOKENIZER, [text, "a"]).ids
    assert wordpiece.decode(TOKENIZER, ids[0]) == text
    assert wordpiece.decode(TOKENIZER, ids[1]) == "a"
    assert wordpiece.decode(TOKENIZER, ids[1, :4].tolist(), skip_special=False) == "[CLS] a [SEP] [PAD]"
    assert wordpiece.decode(TOKENIZER, []) == ""


@pytest.mark.parametrize("wrong", [-1, 34, 10**6])
def test_unknown_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match=rf"ids must be between 0 and 33; found \[{wrong}\]"):
        wordpiece.decode(TOKENIZER, [5, wrong])


@pytest.mark.parametrize("wrong", [[[5]], [5.0], 5, ["hello"]])
def test_what_is_no_row_of_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="ids must be one row of integers"):
        wordpiece.decode(TOKENIZER, np.array(wrong))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"texts": "hello"}, r"texts must be a list of texts; found one text: write \[text\]"),
        ({"texts": ["a"], "pairs": "b"}, "pairs must be a list"),
        ({"texts": ["a"], "pairs": []}, "same length; found 1 and 0"),
        ({"texts": ["a"], "max_length": 1}, "max_length must be at least 2; found 1"),
        ({"texts": ["a"], "pairs": ["b"], "max_length": 2}, "max_length must be at least 3; found 2"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        wordpiece.encode(TOKENIZER, **arguments)


def test_what_is_no_vocabulary_is_refused(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("hello\n[UNK]\n[PAD]\n")
    with pytest.raises(ValueError, match=r"vocab\.txt is no vocabulary of WordPiece: it lacks \[CLS\], \[SEP\]"):
        wordpiece.read(path)
    path.write_bytes(b"\xff\xfe[UNK]")
    with pytest.raises(ValueError, match=r"vocab\.txt is no vocabulary: 'utf-8' codec"):
        wordpiece.read(path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        wordpiece.read(tmp_path / "nowhere")


def test_line_ends_within_tokens_and_of_other_systems(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\u2028b\r\n\x85\r\nlast".encode())
    assert wordpiece.read(path).vocabulary == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a\u2028b", "\x85", "last")


def test_any_text_can_be_read():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.integers(0, 0x3000, 3000), rng.integers(0, 0x110000, 3000)])
    text = "".join(map(chr, points))
    for word in wordpiece.words(text):
        assert word
        assert not re.search(r"\s", word)
    assert set(wordpiece.tokenize(TOKENIZER, text)) <= set(TOKENIZER.vocabulary)


@pytest.mark.skipif(not minilm.is_installed(), reason="MiniLM is not installed")
def test_the_real_vocabulary_gives_the_published_numbers():
    real = wordpiece.read(minilm.load()[0].vocabulary)
    assert len(real.vocabulary) == 30522
    assert wordpiece.encode(real, ["hello world"]).ids.tolist() == [[101, 7592, 2088, 102]]
    assert wordpiece.tokenize(real, "Al2O3, LiFePO4") == ["al", "##2", "##o", "##3", ",", "life", "##po", "##4"]
    assert wordpiece.decode(real, [101, 7592, 2088, 102]) == "hello world"
