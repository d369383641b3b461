"""Every page with sample contexts: for the template tests, and as files a person can leaf through.

`python -m tests.gallery OUT` writes the pages and the static files to a folder; serve it with
`python -m http.server`. The samples are plain values of the shapes the templates ask for.
"""
