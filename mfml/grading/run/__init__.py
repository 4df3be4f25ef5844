"""Running submissions: workers, and what starts and watches them. No file here knows an expected output."""
