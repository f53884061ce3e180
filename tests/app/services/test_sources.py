"""torch stays out of garbage collection."""

import gc

from galaxy_explorer.app.services import networks


def test_what_stays_loaded_is_not_looked_through_after_every_run_of_a_page() -> None:
    networks._cards.clear()
    networks.freeze_gc.clear()
    try:
        networks.cards()
        with_torch = gc.get_freeze_count()
        assert with_torch > 10 * len(gc.get_objects())
        networks._cards.clear()
        networks.cards()  # they are read again every minute: what visitors left since can still be freed
        assert gc.get_freeze_count() <= with_torch
    finally:
        gc.unfreeze()
