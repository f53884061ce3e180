"""Results about an open catalogue are shared until it is opened again."""

import gc
import weakref

from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import open_catalogue


def test_a_catalogue_that_is_opened_again_has_new_results_and_the_old_one_is_freed() -> None:
    old, new = open_catalogue("sample"), open_catalogue("sample")
    assert catalogue_result(old, ("key", 1), lambda: "old") == "old"
    assert catalogue_result(old, ("key", 1), lambda: "again") == "old"
    assert catalogue_result(old, ("key", 2), lambda: "other") == "other"
    assert catalogue_result(new, ("key", 1), lambda: "new") == "new"
    reference = weakref.ref(old)
    del old
    gc.collect()
    assert reference() is None
