"""Looking at a line nobody has configured yet: who is there, what it is, and what is wrong.

Reads only. Talks through `agent.line`; its judgements are pure.
"""

from agent.scan.recognise import Guess, Verdict
from agent.scan.search import Found, Search, Wanted, search
from agent.scan.settings import Setting

__all__ = ["Found", "Guess", "Search", "Setting", "Verdict", "Wanted", "search"]
