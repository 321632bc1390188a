//! How every backend has to behave: one suite, run over each of them.
//!
//! A backend's test file makes a [`Harness`] and names it to [`behaviours!`]; each behaviour becomes a test of its own.

pub mod compaction;
pub mod groups;
pub mod readers;
pub mod records;
pub mod support;
pub mod topics;
pub mod transactions;

pub use support::Harness;

/// Makes a test of each behaviour. The argument is an expression for an `Option<impl Harness>`; `None` skips.
macro_rules! behaviours {
    ($harness:expr) => {
        behaviours! { $harness;
            records: order_in_a_partition, records_come_back_whole, the_size_limit_is_exact,
                a_large_record_passes_where_the_topic_allows, unknown_partitions_are_refused, batches_keep_their_limits;
            readers: from_earliest_latest_offset_and_timestamp, offsets_with_gaps, out_of_range_is_an_error,
                the_end_includes_what_is_invisible, seeking_goes_back_and_forth, several_partitions_at_once;
            transactions: seen_whole_or_not_at_all, aborts_are_invisible, an_open_transaction_holds_readers_back,
                offsets_commit_with_the_transaction, a_newer_writer_fences, a_newer_writer_settles_what_was_left_open,
                misuse_is_refused, what_was_written_is_known, a_transaction_times_out;
            groups: committed_offsets_keep_their_metadata, one_member_gets_all, two_members_share, three_members_share,
                a_revoked_partition_can_be_committed, a_stale_generation_is_refused, a_silent_member_loses_its_partitions,
                pause_resume_and_seek, members_are_listed, a_missing_topic_may_come, a_static_member_keeps_its_place,
                polling_waits_for_the_acknowledgement, new_partitions_are_handed_out;
            compaction: the_last_record_of_a_key_stays, tombstones_remove_keys;
            topics: created_described_altered_deleted, wrong_settings_are_refused;
        }
    };
    ($harness:expr; $($module:ident: $($name:ident),+;)+) => {
        $(mod $module {
            $(#[test]
            fn $name() {
                if let Some(harness) = $harness {
                    crate::behaviour::$module::$name(&harness);
                }
            })+
        })+
    };
}
pub(crate) use behaviours;
