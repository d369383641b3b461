"""Mutation score: how many small defects in the source do the tests notice?

`python -m tests.mutation smime/verify.py …` plants one defect after the other into a running suite and names those that
no test notices. A defect is a changed operator, constant, condition, return or enum member, or a statement left out.
"""
