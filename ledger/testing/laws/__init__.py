"""Laws of replay and totals: what must hold in every ledger, and of every answer that is read from one.

Each law is a plain function. It takes an open ledger and a day, raises `AssertionError` where it does not hold, and may
record more into the ledger that it is given. Those of `OF_ANSWERS` also take an answer of your own: a function
`ask(initiative, at, known_at)` whose results are compared with `==`. Those of `OF_LEDGERS` are about what the library
itself answers; run them on a store of your own.

    import pytest
    from ledger.testing import laws

    @pytest.mark.parametrize("law", laws.OF_ANSWERS)
    def test_my_total(law):
        laws.check(law, my_total)
"""

from ledger.testing.laws.agreement import (
    a_series_agrees_with_each_day,
    a_timeline_answers_as_the_state,
    catching_up_is_reading_anew,
    claims_of_what_is_possible_are_left_open,
    false_claims_are_contradicted,
    revisions_are_what_was_believed,
    the_store_answers_as_the_replay,
    true_claims_are_confirmed,
)
from ledger.testing.laws.amendments import (
    a_closing_ends_every_membership,
    a_correction_stands_where_the_mistake_stood,
    a_refused_batch_changes_nothing,
    a_repeated_batch_is_recorded_once,
    another_name_changes_no_total,
    joining_and_leaving_leaves_no_trace,
    leaving_and_coming_back_counts_once,
    retracting_restores,
    stating_a_value_again_changes_nothing,
    what_was_retracted_was_never_recorded,
)
from ledger.testing.laws.asking import Ask, figures
from ledger.testing.laws.bounds import (
    a_closer_date_never_widens_a_figure,
    bounds_contain_every_possible_world,
    everybody_is_in_exactly_one_view,
    missing_is_not_zero,
    what_is_exact_stays_exact,
)
from ledger.testing.laws.checking import Law, agrees_with, answer_is, check
from ledger.testing.laws.knowledge import (
    knowing_all_is_knowing_the_newest,
    nothing_changes_on_a_day_without_events,
    settled_knowledge_never_changes,
    the_order_of_arrival_does_not_matter,
    the_order_of_recording_does_not_matter_where_days_decide,
    what_is_yet_to_come_leaves_no_trace,
    what_was_known_is_what_the_log_said_so_far,
)
from ledger.testing.laws.likeness import (
    a_copy_is_the_same_ledger,
    other_ids_make_no_difference,
    other_units_make_no_difference,
    what_is_exported_can_be_imported,
    what_is_recorded_survives_closing,
    writing_down_loses_nothing,
)
from ledger.testing.laws.sums import (
    comparisons_compose,
    disjoint_initiatives_add_up,
    groups_add_up_to_the_total,
    what_is_explained_adds_up,
    why_accounts_for_every_change,
)

OF_ANSWERS: tuple[Law, ...] = (
    knowing_all_is_knowing_the_newest,
    settled_knowledge_never_changes,
    what_was_known_is_what_the_log_said_so_far,
    what_is_yet_to_come_leaves_no_trace,
    nothing_changes_on_a_day_without_events,
    the_order_of_recording_does_not_matter_where_days_decide,
    joining_and_leaving_leaves_no_trace,
    leaving_and_coming_back_counts_once,
    another_name_changes_no_total,
    stating_a_value_again_changes_nothing,
    a_closing_ends_every_membership,
    retracting_restores,
    what_was_retracted_was_never_recorded,
    a_correction_stands_where_the_mistake_stood,
    a_repeated_batch_is_recorded_once,
    a_refused_batch_changes_nothing,
    other_ids_make_no_difference,
    other_units_make_no_difference,
    a_copy_is_the_same_ledger,
    what_is_exported_can_be_imported,
    what_is_recorded_survives_closing,
)
"""The laws of a count of the members of a day, or a total over them: the library's, or your own.

Other numbers break some of them, and rightly: who joined since a day, former members, growth, the members of another
day, values that grow too old. Check such an answer by `agrees_with`, and by the laws that fit it.
"""

OF_LEDGERS: tuple[Law, ...] = (
    the_order_of_arrival_does_not_matter,
    the_store_answers_as_the_replay,
    a_timeline_answers_as_the_state,
    catching_up_is_reading_anew,
    a_series_agrees_with_each_day,
    revisions_are_what_was_believed,
    groups_add_up_to_the_total,
    disjoint_initiatives_add_up,
    what_is_explained_adds_up,
    why_accounts_for_every_change,
    comparisons_compose,
    bounds_contain_every_possible_world,
    a_closer_date_never_widens_a_figure,
    everybody_is_in_exactly_one_view,
    missing_is_not_zero,
    what_is_exact_stays_exact,
    true_claims_are_confirmed,
    false_claims_are_contradicted,
    claims_of_what_is_possible_are_left_open,
    writing_down_loses_nothing,
)
"""The laws of what the library answers, whatever store it reads from."""

ALL: tuple[Law, ...] = OF_ANSWERS + OF_LEDGERS

__all__ = [
    "ALL",
    "OF_ANSWERS",
    "OF_LEDGERS",
    "Ask",
    "Law",
    "a_closer_date_never_widens_a_figure",
    "a_closing_ends_every_membership",
    "a_copy_is_the_same_ledger",
    "a_correction_stands_where_the_mistake_stood",
    "a_refused_batch_changes_nothing",
    "a_repeated_batch_is_recorded_once",
    "a_series_agrees_with_each_day",
    "a_timeline_answers_as_the_state",
    "agrees_with",
    "another_name_changes_no_total",
    "answer_is",
    "bounds_contain_every_possible_world",
    "catching_up_is_reading_anew",
    "check",
    "claims_of_what_is_possible_are_left_open",
    "comparisons_compose",
    "disjoint_initiatives_add_up",
    "everybody_is_in_exactly_one_view",
    "false_claims_are_contradicted",
    "figures",
    "groups_add_up_to_the_total",
    "joining_and_leaving_leaves_no_trace",
    "knowing_all_is_knowing_the_newest",
    "leaving_and_coming_back_counts_once",
    "missing_is_not_zero",
    "nothing_changes_on_a_day_without_events",
    "other_ids_make_no_difference",
    "other_units_make_no_difference",
    "retracting_restores",
    "revisions_are_what_was_believed",
    "settled_knowledge_never_changes",
    "stating_a_value_again_changes_nothing",
    "the_order_of_arrival_does_not_matter",
    "the_order_of_recording_does_not_matter_where_days_decide",
    "the_store_answers_as_the_replay",
    "true_claims_are_confirmed",
    "what_is_exact_stays_exact",
    "what_is_explained_adds_up",
    "what_is_exported_can_be_imported",
    "what_is_recorded_survives_closing",
    "what_is_yet_to_come_leaves_no_trace",
    "what_was_known_is_what_the_log_said_so_far",
    "what_was_retracted_was_never_recorded",
    "why_accounts_for_every_change",
    "writing_down_loses_nothing",
]
