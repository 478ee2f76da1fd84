"""Text of strangers that made programs stumble: each a small piece, repeated to a size in bytes."""

import gc
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

_Result = TypeVar("_Result")

# CPU seconds that any request or mail may take.
MOST_CPU_S = 0.25
SIZES = (2_500, 25_000, 250_000)
PIECES = {
    "brackets": ("[", " ", "x"),
    "fields": ("", "{{ ", "}"),
    "marks": ("a", "\u0300\u0316", "b"),
    "double marks": ("a", "\u0f73\u0316", ""),
    "spaces": ("x", " ", "x"),
    "lines": ("x", "\n \t", "x"),
    "nines": ("", "9", ""),
    "other digits": ("", "²٣", ""),
    "zip": ("01603", " ", "-"),
    "dots": ("http://", "a.", "/"),
    "letters": ("", "a", "!"),
    "at": ("", "a@", ""),
    "markup": ("", "<b><", ">"),
    "markdown": ("", "*_[a](", ""),
    "pictures": ("", "![", ""),
    "list": ("", "- a\n", ""),
    "underscores": ("", "_", "é"),
    "large letters": ("", "\ufdfa", ""),
}


def hostile(name: str, size: int) -> str:
    """About `size` bytes of the text of this name."""
    begins, piece, ends = PIECES[name]
    room = size - len((begins + ends).encode())
    return begins + piece * (room // len(piece.encode())) + ends


def in_turn() -> Iterator[str]:
    """Every name again and again."""
    while True:
        yield from PIECES


def cpu_seconds(call: Callable[[], _Result], most: float = MOST_CPU_S) -> tuple[_Result, float]:
    """What a call returns, and its CPU seconds: the least of five calls, or the first that took no more than `most`.

    Other processes on its core cost it some.

    Collecting garbage is left out: what thousands of tests have loaded makes it slow, and no server holds that.
    """
    spent = []
    gc.disable()
    try:
        for _ in range(5):
            began = time.process_time()
            result = call()
            spent.append(time.process_time() - began)
            if spent[-1] <= most:
                break
    finally:
        gc.enable()
    return result, min(spent)
