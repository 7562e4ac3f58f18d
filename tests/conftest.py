"""Fixtures that many tests share, and which tests are slow."""

import os
from pathlib import Path

import pytest
import shapely
from hypothesis import settings
from support.publisher import Publisher

import geobuffer as gb
from geobuffer.datasets.fetch.downloader import SITES

# Quick: the same examples in each run, so that only a change of the code makes a test fail.
# Thorough: many more examples, other ones in each run. Hypothesis prints what repeats a failure.
settings.register_profile("quick", max_examples=12, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=400, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


# `make quick` leaves these out: they start, stop and kill processes, run guides and notebooks as
# users would, run commands on large tables, or load the outlines of the whole world.
SLOW = (
    "analysis/test_distributed.py",
    "analysis/test_raster_exposure.py",
    "bad_inputs/test_bad_output.py",
    "cli/test_bulk.py",
    "cli/test_exposure.py",
    "cli/test_interrupts.py",
    "cli/test_mistakes.py",
    "cli/test_own_files.py",
    "cli/test_process.py",
    "cli/test_settlements.py",
    "cli/test_where.py",
    "cli/test_zone.py",
    "datasets/test_neighbours.py",
    "datasets/test_world.py",
    "docs/test_how_to.py",
    "docs/test_notebooks.py",
    "io/test_kills.py",
    "test_arguments.py",
    "test_environment.py",
    "test_soak.py",
    "test_threads.py",
    "viz/figure/test_plot.py",
    "viz/web/test_slider.py",
    "zones/test_law.py",
)
# Single tests that took more than 1 s of CPU time, all their cases together.
SLOW_TESTS = {
    "test_a_byte_order_mark_is_not_part_of_the_first_column_name",
    "test_a_changed_default_is_no_longer_called_the_announced_one",
    "test_a_column_of_points_may_be_called_like_an_answer",
    "test_a_few_regions_are_named_in_a_title_and_of_more_their_countries",
    "test_a_feature_of_more_than_a_million_vertices_is_read",
    "test_a_file_size_limit_keeps_the_old_file",
    "test_a_finer_tolerance_holds_and_costs_vertices",
    "test_a_full_disk_keeps_the_old_files_and_leaves_no_draft",
    "test_a_half_way_line_that_bends_is_cut_where_it_bends",
    "test_a_hundred_thousand_places_work",
    "test_a_kill_leaves_the_older_file",
    "test_a_layer_or_name_is_not_used_as_a_path",
    "test_a_map_of_them_is_drawn",
    "test_a_map_takes_points_with_the_name_of_an_answer",
    "test_a_merged_table_absorbs_its_parts",
    "test_a_missing_extra_is_named",
    "test_a_page_and_a_picture_classify_the_places_once",
    "test_a_page_around_a_point_names_no_border_and_no_sides",
    "test_a_pdf_embeds_its_fonts",
    "test_a_picture_is_small_however_rough_the_shape",
    "test_a_picture_of_a_zone_anywhere",
    "test_a_picture_without_one_of_its_parts_is_another",
    "test_a_place_needs_no_hromada_where_its_name_is_unique",
    "test_a_query_returns_places",
    "test_a_scenario_is_read_or_refused_by_name",
    "test_a_table_merged_with_itself_is_itself",
    "test_a_table_of_a_schema_returns_regions",
    "test_a_width_for_each_side_is_on_both_sides",
    "test_a_zip_bomb_is_refused_unread_and_the_cap_can_be_raised",
    "test_a_zone_equals_itself_built_again_copied_and_read",
    "test_a_zone_from_a_distance_is_the_wide_less_the_narrow",
    "test_a_zone_holds_just_the_points_within_its_width",
    "test_a_zone_read_back_equals_the_zone_written",
    "test_a_zone_without_places_says_so",
    "test_all_sections_of_one_width_are_the_plain_zone",
    "test_along_a_line_left_and_right_are_sides",
    "test_answers_equal_classify_for_a_combined_zone",
    "test_answers_equal_classify_for_the_bundled_places",
    "test_answers_equal_classify_in_any_crs",
    "test_antimeridian_makes_no_border",
    "test_any_two_bundled_regions_have_a_border_or_are_apart",
    "test_areas_add_up_to_the_two_zones",
    "test_areas_are_those_of_exact_zones",
    "test_areas_beside_long_straight_edges",
    "test_arrays_and_files_answer_as_tables_do",
    "test_axe_finds_no_fault",
    "test_buffers_of_postgis_stray_by_the_scale_of_their_plane",
    "test_bulk_and_where_report_swapped_axes",
    "test_columns_of_any_kind_are_written_in_every_format",
    "test_compiled_distance_is_right_to_a_millimetre",
    "test_concurrent_processes_do_not_mix_or_delete_drafts",
    "test_counts_are_the_librarys",
    "test_curve_lists_every_distance",
    "test_cutting_a_line_keeps_its_length_and_order",
    "test_dask_gives_the_same_answers_and_sends_the_zone_once",
    "test_debug_changes_no_answer",
    "test_default_zone_with_the_bundled_data",
    "test_distance_is_right_to_a_millimetre_near_and_a_billionth_far",
    "test_distances_are_those_of_postgis",
    "test_draws_what_it_says",
    "test_each_row_is_the_exposure_of_the_zone_of_that_width",
    "test_edges_lie_within_what_is_stated",
    "test_edges_of_narrow_ones_do_too",
    "test_error_is_reported_and_kept",
    "test_every_edge_keeps_to_its_distance_anywhere",
    "test_every_edge_of_the_real_zone_keeps_to_its_distance",
    "test_every_point_near_a_healed_line_has_the_side_it_lies_on",
    "test_exposure_and_compare_take_combined_zones",
    "test_exposure_and_curve_count_places_that_are_not_located",
    "test_exposure_beside_a_raster",
    "test_exposure_counts_the_announced_zone",
    "test_exposure_from_a_distance_says_so",
    "test_exposure_refuses_what_it_cannot_count_by",
    "test_fetched_places_can_be_classified_and_mapped",
    "test_finds_places_of_one_name_apart",
    "test_flat_ends_are_the_librarys_too",
    "test_grid_and_tree_agree_anywhere",
    "test_headings_name_the_side",
    "test_healing_changes_nothing_where_outlines_match",
    "test_hidden_points_are_found_again_or_left_alone",
    "test_hostile_text_is_harmless",
    "test_hostile_text_is_shown_and_not_run",
    "test_its_rings_are_those_of_the_whole",
    "test_keeps_what_is_used",
    "test_left_and_right_together_are_both",
    "test_left_and_right_zones_add_up_to_both_and_are_what_is_drawn",
    "test_lines_that_meet_at_points_have_sides",
    "test_lists_no_source_that_is_not_stated",
    "test_longitudes_may_go_round_twice",
    "test_map_follows_the_options",
    "test_map_has_the_title_that_is_given_on_page_and_picture",
    "test_map_of_a_scenario_file_shows_its_title_and_reports",
    "test_map_of_the_announced_zone",
    "test_map_png_shows_the_same_zone_and_places_as_the_page",
    "test_map_png_writes_the_picture_and_no_page",
    "test_membership_agrees_with_distance",
    "test_membership_is_the_algebra_of_sets",
    "test_memory_does_not_grow_with_the_table",
    "test_names_are_in_the_chosen_language",
    "test_names_are_reached_in_every_way",
    "test_no_answer_depends_on_other_rows",
    "test_no_command_writes_to_what_it_reads",
    "test_nothing_is_lost_and_no_two_rows_of_a_table_merge",
    "test_oblasts_do_not_overlap_and_leave_no_gaps",
    "test_on_a_full_disk_the_old_file_stays",
    "test_on_a_full_disk_the_old_file_stays_and_one_line_reports_it",
    "test_our_own_map_is_there_already",
    "test_page_on_dask_runs_as_it_stands",
    "test_pictures_are_those_that_were_reviewed",
    "test_places_certainly_in_a_ring_are_certainly_within_its_edge",
    "test_places_read_work_in_classify_exposure_and_maps",
    "test_points_far_inside_a_wide_ring_are_answered_by_the_tree",
    "test_points_take_the_compiled_engine_too",
    "test_processes_do_not_mix_their_files",
    "test_random_points_get_the_same_counts",
    "test_reads_by_day_and_by_night",
    "test_regions_that_meet_leave_no_edge_between_them",
    "test_rings_do_not_overlap_and_add_up",
    "test_round_ends_spill_on_both_sides_and_flat_ends_hardly",
    "test_rows_without_a_point_get_missing_values",
    "test_sections_of_a_healed_line_change_at_the_corner_of_three",
    "test_sends_no_request_and_logs_no_error",
    "test_shows_inside_a_frame_as_notebooks_do",
    "test_sides_and_what_lies_in_neither_add_up_to_both",
    "test_sides_by_cell_are_those_by_point",
    "test_sides_of_a_park_across_the_antimeridian",
    "test_tables_of_counts_agree_with_classify",
    "test_ten_thousand_places_weigh_less_than_two_megabytes",
    "test_the_answers_for_the_bundled_places_are_the_same",
    "test_the_bundled_places_are_303_and_58",
    "test_the_bundled_tables_merge_with_themselves",
    "test_the_command_line_and_scenarios_accept_spellings",
    "test_the_compiled_engine_agrees_to_a_hundredth_of_a_millimetre",
    "test_the_default_map_is_made_without_a_network",
    "test_the_engines_agree",
    "test_the_how_to_works_as_it_stands",
    "test_the_nearest_piece_is_among_a_few_candidates",
    "test_the_next_write_or_check_deletes_drafts_of_killed_processes",
    "test_the_order_of_tables_and_rows_does_not_change_the_result",
    "test_the_picture_is_that_of_the_membership",
    "test_the_product_works_without_the_file_whose_licence_is_in_doubt",
    "test_the_same_picture_gives_the_same_bytes",
    "test_two_drawings_give_one_line_within_the_jitter_of_the_truth",
    "test_uncertainty_follows_three_valued_logic",
    "test_what_is_no_plain_distance_has_no_slider",
    "test_wider_zone_contains_a_narrower",
    "test_widths_by_section_are_the_union_of_their_zones",
    "test_widths_by_side_are_the_two_one_sided_zones",
    "test_without_numba_the_tree_answers",
    "test_zone_about_any_park_splits_into_inside_and_outside",
}
TESTS = Path(__file__).parent


# With several workers (-n), one worker runs all tests of such a file, because the file makes things
# once that take long: borders of countries, a browser, versions of files.
TOGETHER = (
    "tests/datasets/test_neighbours.py",
    "tests/datasets/test_world.py",
    "tests/io/test_kills.py",
    "tests/viz/web/test_map.py",
)


def pytest_collection_modifyitems(items):
    """Mark the tests of slow files."""
    slow = {TESTS / file for file in SLOW}
    for item in items:
        if item.path in slow or getattr(item, "originalname", None) in SLOW_TESTS:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Share single tests between workers, but keep the files of TOGETHER whole.

    Whole files begin first, because as the last they would leave the other workers idle. The
    markers of xdist itself have no effect with pytest 9.2 and xdist 3.8.
    """
    from xdist.scheduler import LoadScopeScheduling

    class FileOrTestScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            return file if file in TOGETHER else nodeid

    return FileOrTestScheduling(config, log)


@pytest.fixture(scope="session")
def regions():
    """The bundled oblasts."""
    return gb.load_regions()


@pytest.fixture(scope="session")
def border(regions):
    """The border of the default scenario: five sections."""
    return gb.scenario_border(gb.load_scenario(), regions)


@pytest.fixture(scope="session")
def zone(border):
    """The zone of the default scenario, drawn to a metre."""
    scenario = gb.load_scenario()
    return gb.build_zone(
        border, km=scenario.km, side=scenario.side, ends=scenario.ends, tolerance_m=1
    )


@pytest.fixture(scope="session")
def towns():
    """The bundled places."""
    return gb.load_settlements()


@pytest.fixture(scope="session")
def strip():
    """A border along the meridian 30° E from 50° N to 51° N, between boxes a degree wide.

    The meridian is a geodesic, so distances from it are known without our code. The border's source
    states no accuracy, so a place is uncertain only by the accuracy of its own row.
    """
    source = gb.Source("drawn by hand")
    west = gb.Region("West", shapely.box(29, 50, 30, 51), source, country="AA", names={})
    east = gb.Region("East", shapely.box(30, 50, 31, 51), source, country="BB", names={})
    return gb.border_between(west, east)


@pytest.fixture
def publisher():
    """A server on this machine that answers downloads in place of the real publishers."""
    server = Publisher()
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Give the tests and their subprocesses an empty cache, so that all shapes are of this code.

    All workers share it: unpacking a country takes five seconds.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield


@pytest.fixture
def how(publisher, tmp_path):
    """A downloader that asks the server on this machine for every site."""
    sites = {site: f"{publisher.url}/{site}" for site in SITES}
    folder = tmp_path / "cache"
    return gb.Downloader(folder=folder, sites=sites, timeout_s=2, pause_s=0, attempts=2)
