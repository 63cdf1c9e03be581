"""Limits in words with their units, the ones that people look for first on top."""

from portal.web.inventory.detail_extras import extras_of


class _Account:
    limits = {
        "zebra_count": {"limit": 3, "used": 1},
        "primarystorage": {"limit": 870, "used": 435},
        "memory": {"limit": None, "used": 31232},
        "vm": {"limit": 30, "used": 16},
    }


def test_limits_have_words_units_and_an_order():
    [extra] = extras_of(_Account(), "accounts", None)
    assert [(str(row.name), row.used, row.limit, row.share) for row in extra.rows] == [
        ("Instances", 16, 30, 16 / 30),
        ("Memory (MiB)", 31232, None, None),
        ("Primary storage (GiB)", 435, 870, 0.5),
        ("zebra count", 1, 3, 1 / 3),
    ]
