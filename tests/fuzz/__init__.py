"""Hostile input by the thousand: mutants along the structure of CMS and MIME, and a coverage-guided harness.

`python -m tests.fuzz` runs until it has made two million mutants or FUZZ_SECONDS are over; the suite makes twenty
thousand. Whatever the bytes: an answer, within two seconds and 512 MiB, and never a seal for other words.
"""
