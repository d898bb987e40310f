"""A process that multiplies at hundreds of widths does not grow with each."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from agent.errors import ModelUnavailable
from agent.lm.onednn import keep_few_products
from agent.lm.weights import load_network

GROWTH = """
import ctypes, sys
import torch
from agent.lm.onednn import keep_few_products
from agent.lm.packed import linear

class Memory(ctypes.Structure):
    _fields_ = [(str(n), ctypes.c_size_t) for n in range(10)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Memory

def used():
    found = libc.mallinfo2()
    return getattr(found, "4") + getattr(found, "7")  # mapped, and in use in the arenas

if sys.argv[1] == "few":
    keep_few_products()
product = linear(torch.zeros(960, 576))
with torch.inference_mode():
    for width in range(1, 385):
        product(torch.zeros(width, 576))
        if width == 192:
            before = used()
print((used() - before) / 2**20)
"""


def growth(which: str) -> float:
    """Megabytes that 192 more widths take."""
    plain = {k: v for k, v in os.environ.items() if "CACHE_CAPACITY" not in k}
    command = [sys.executable, "-c", GROWTH, which]
    done = subprocess.run(command, env=plain, capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallinfo2 is glibc's")
def test_few_compiled_products_are_kept() -> None:
    assert growth("few") < 0.25 * growth("all")


def test_what_a_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "7")
    monkeypatch.delenv("LRU_CACHE_CAPACITY", raising=False)
    keep_few_products()
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "7"
    assert int(os.environ["LRU_CACHE_CAPACITY"]) > 0


def test_whoever_loads_a_model_keeps_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRU_CACHE_CAPACITY", raising=False)
    with pytest.raises(ModelUnavailable):
        load_network("./nowhere")
    assert int(os.environ["LRU_CACHE_CAPACITY"]) < 1024
