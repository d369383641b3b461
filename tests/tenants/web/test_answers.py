"""Answers that are no pages: the name of a file that is taken along."""

from __future__ import annotations

import pytest

from tenants.web.answers import attached


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plan.pdf", 'attachment; filename="plan.pdf"'),
        ("the plan; final.pdf", 'attachment; filename="the plan; final.pdf"'),
        (
            'the "plan".pdf',
            'attachment; filename="the \\"plan\\".pdf"; filename*=UTF-8\'\'the%20%22plan%22.pdf',
        ),
        ("a\\b.pdf", "attachment; filename=\"a\\\\b.pdf\"; filename*=UTF-8''a%5Cb.pdf"),
        ("50%20off.pdf", "attachment; filename=\"50%20off.pdf\"; filename*=UTF-8''50%2520off.pdf"),
        ("für.pdf", "attachment; filename=\"f_r.pdf\"; filename*=UTF-8''f%C3%BCr.pdf"),
        ("x\r\nSet-Cookie: a=b", 'attachment; filename="x__Set-Cookie: a=b"'),
        ("a\udc80b", 'attachment; filename="a_b"'),
        ("", "attachment"),
    ],
)
def test_the_name_of_a_file_is_read_back_as_it_was(name: str, header: str) -> None:
    assert attached(name) == header
