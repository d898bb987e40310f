"""Hold an environment to the contract: `steno envs check`, and a helper for tests of your own.

from envs.check import assert_sound

def test_my_environment() -> None:
    assert_sound("mygames/guess?up_to=10")
"""

from envs.check.report import Finding, Report
from envs.check.run import RULES, Checker, assert_sound, check

__all__ = ["RULES", "Checker", "Finding", "Report", "assert_sound", "check"]
