"""A package in pure Python, imported before the freeze."""
import collections
import re


def count(text):
    return dict(collections.Counter(re.findall(r"\w+", text.lower())).most_common(3))
