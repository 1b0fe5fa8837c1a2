"""The trade-channel map in figures (handbook 3.4): shares, gaps, and what adds up to what."""

from accounts.market.maths import (
    PARETO_SHARE,
    Ranked,
    candidates,
    gap,
    pareto,
    ranked,
    share_of_wallet,
    unallocated,
)
from accounts.market.wallet import Wallet, wallets

__all__ = [
    "PARETO_SHARE",
    "Ranked",
    "Wallet",
    "candidates",
    "gap",
    "pareto",
    "ranked",
    "share_of_wallet",
    "unallocated",
    "wallets",
]
