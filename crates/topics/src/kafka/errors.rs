//! librdkafka's error codes as errors that say what to do.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::error::TopicsError;
use crate::partition::TopicPartition;

/// What an operation was about, for the words of its error.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    /// What was done: `committing`, `describing topic`.
    pub doing: &'a str,
    pub topic: Option<&'a str>,
    pub partition: Option<&'a TopicPartition>,
    pub group: Option<&'a str>,
    pub transactional_id: Option<&'a str>,
    /// The operation that access control is asked for: `Read`, `Write`, `Describe`, `Create`.
    pub permission: &'a str,
}

impl About<'_> {
    /// The error of a code.
    pub fn error(&self, code: Code) -> TopicsError {
        self.described(code, &code.to_string())
    }

    /// The error of a code, with the words that librdkafka has for it.
    pub fn described(&self, code: Code, text: &str) -> TopicsError {
        let topic = self.partition.map_or(self.topic.unwrap_or_default(), TopicPartition::topic).to_owned();
        let group = self.group.unwrap_or_default().to_owned();
        let reason = format!("{}: {text}", self.doing);
        match code {
            Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::MessageTimedOut
            | Code::TimedOutQueue
            // The client has let go of its connection to a node that went away.
            | Code::DestroyBroker
            | Code::WaitingForCoordinator => TopicsError::Unreachable { reason },
            Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::RequestTimedOut
            | Code::NotController
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::UnstableOffsetCommit
            | Code::NonEmptyGroup
            // The member joins with its next poll, and may keep its partitions.
            | Code::RebalanceInProgress
            | Code::PreviousInProgress
            | Code::InProgress
            | Code::BrokerNotAvailable
            | Code::ReplicaNotAvailable
            // What a partition's new leader says until its followers have caught up, and clients whose view of the
            // leaders is behind or ahead.
            | Code::OffsetNotAvailable
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::PreferredLeaderNotAvailable
            | Code::EligibleLeadersNotAvailable
            | Code::ListenerNotFound
            | Code::FetchSessionIdNotFound
            | Code::InvalidFetchSessionEpoch
            | Code::ConcurrentTransactions
            | Code::ThrottlingQuotaExceeded
            | Code::NetworkException => TopicsError::Busy { reason },
            Code::UnknownTopic | Code::UnknownTopicOrPartition => TopicsError::UnknownTopic { topic },
            Code::UnknownPartition => match self.partition {
                Some(partition) => TopicsError::UnknownPartition { partition: partition.clone() },
                None => TopicsError::UnknownTopic { topic },
            },
            Code::TopicAlreadyExists => TopicsError::TopicExists { topic },
            Code::TopicAuthorizationFailed => {
                TopicsError::Denied { acl: format!("{} on topic `{topic}`", self.permission) }
            }
            Code::GroupAuthorizationFailed => TopicsError::Denied { acl: format!("Read on group `{group}`") },
            Code::TransactionalIdAuthorizationFailed => TopicsError::Denied {
                acl: format!(
                    "Write and Describe on transactional id `{}`",
                    self.transactional_id.unwrap_or_default()
                ),
            },
            Code::ClusterAuthorizationFailed => TopicsError::Denied {
                acl: match self.permission {
                    // Idempotent producers of brokers before 2.8 need a permission of their own.
                    "Write" => "IdempotentWrite on the cluster".to_owned(),
                    permission => format!("{permission} on the cluster"),
                },
            },
            Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::SSL => TopicsError::Authentication { reason },
            Code::MessageSizeTooLarge | Code::InvalidMessageSize => {
                TopicsError::TooLarge { topic, limit: None }
            }
            Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => TopicsError::Fenced {
                what: format!("transactional id `{}`", self.transactional_id.unwrap_or_default()),
            },
            Code::FencedInstanceId => {
                TopicsError::Fenced { what: format!("a static member of group `{group}`") }
            }
            Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::StaleMemberEpoch
            | Code::FencedMemberEpoch
            | Code::AssignmentLost => TopicsError::StaleGeneration { group, generation: -1 },
            Code::UnsupportedVersion | Code::UnsupportedFeature => TopicsError::Unsupported {
                what: format!("{} by these brokers ({text})", self.doing),
                hint: "transactions need brokers from 2.5; with older ones choose at-least-once".to_owned(),
            },
            Code::InvalidConfig
            | Code::InvalidTopic
            | Code::InvalidPartitions
            | Code::InvalidReplicationFactor
            | Code::InvalidReplicaAssignment
            | Code::InvalidRequest
            | Code::PolicyViolation
            | Code::InvalidRecord
            | Code::InvalidTimestamp
            | Code::InvalidTransactionTimeout
            | Code::InvalidArgument
            | Code::OffsetMetadataTooLarge => TopicsError::Configuration { reason },
            Code::KafkaStorageError => TopicsError::Full { reason },
            _ => TopicsError::Fatal { reason },
        }
    }

    /// The error of an error of rdkafka's.
    pub fn of(&self, error: &KafkaError) -> TopicsError {
        match error {
            KafkaError::ClientConfig(_, text, key, value) => {
                TopicsError::Configuration { reason: format!("`{key}` = `{value}`: {text}") }
            }
            KafkaError::ClientCreation(text) => TopicsError::Configuration { reason: text.clone() },
            KafkaError::AdminOpCreation(text) => {
                TopicsError::Configuration { reason: format!("{}: {text}", self.doing) }
            }
            KafkaError::AdminOp(code) => self.error(*code),
            KafkaError::Canceled => TopicsError::Unreachable { reason: format!("{}: no answer", self.doing) },
            error => match error.rdkafka_error_code() {
                Some(code) => self.error(code),
                None => TopicsError::Fatal { reason: format!("{}: {error}", self.doing) },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes that Kafka's protocol guide calls retriable, as far as the client knows them and they reach a user,
    /// but for those that say something else here: a topic that is not there is waited for in its own way.
    const RETRIABLE: [Code; 23] = [
        Code::LeaderNotAvailable,
        Code::NotLeaderForPartition,
        Code::RequestTimedOut,
        Code::ReplicaNotAvailable,
        Code::NetworkException,
        Code::CoordinatorLoadInProgress,
        Code::CoordinatorNotAvailable,
        Code::NotCoordinator,
        Code::NotEnoughReplicas,
        Code::NotEnoughReplicasAfterAppend,
        Code::NotController,
        Code::ConcurrentTransactions,
        Code::FetchSessionIdNotFound,
        Code::InvalidFetchSessionEpoch,
        Code::ListenerNotFound,
        Code::FencedLeaderEpoch,
        Code::UnknownLeaderEpoch,
        Code::OffsetNotAvailable,
        Code::PreferredLeaderNotAvailable,
        Code::EligibleLeadersNotAvailable,
        Code::UnstableOffsetCommit,
        Code::ThrottlingQuotaExceeded,
        Code::RebalanceInProgress,
    ];

    #[test]
    fn what_kafka_calls_retriable_ends_no_client() {
        for code in RETRIABLE {
            let error = About { doing: "asking for a partition's offsets", ..About::default() }.error(code);
            assert!(matches!(error, TopicsError::Busy { .. }), "{code:?}: {error}");
        }
    }
}
