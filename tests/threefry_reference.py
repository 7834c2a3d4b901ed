"""Threefry in Python integers, for the tests to compare with."""


def reference(key, counter):
    """Threefry2x32-20 of four Python integers, as the paper writes it."""
    keys = [*key, 0x1BD11BDA ^ key[0] ^ key[1]]
    x, y = ((word + k) % 2**32 for word, k in zip(counter, key, strict=True))
    for i in range(20):
        places = [13, 15, 26, 6, 17, 29, 16, 24][i % 8]
        x = (x + y) % 2**32
        y = (y << places | y >> (32 - places)) % 2**32 ^ x
        if i % 4 == 3:
            s = i // 4 + 1
            x, y = (x + keys[s % 3]) % 2**32, (y + keys[(s + 1) % 3] + s) % 2**32
    return x, y
