"""Find which release was the first to have a patch, where the catalogue does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hgport.engine.carried import CarriedSeries, CarryOrder, Fate
from hgport.model.release import Release


def first_with(
    order: CarryOrder, patch_name: str, carried: Callable[[CarryOrder], CarriedSeries]
) -> Release | None:
    """The first release on the way to the order's target whose content has all of a patch.

    ``carried`` carries the series, as ``carrycache.carried`` does; it is asked for every release
    until one has the patch, so this takes its time.  The way starts at the origin's release for a
    newer target, at the oldest release of the catalogue for an older one.  None if no release on
    it has the patch.
    """
    for release in _way(order):
        made = carried(replace(order, target=release))
        fates = {one.patch.name: one.fate for one in made.patches}
        if fates.get(patch_name) is Fate.UPSTREAMED:
            return release
    return None


def _way(order: CarryOrder) -> list[Release]:
    base, target = order.base.key, order.target.key
    start = base if base < target else (0, 0, 0)
    return [one for one in order.catalogue.releases if start < one.key <= target]
