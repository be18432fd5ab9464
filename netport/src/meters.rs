//! What a port counts, through the `metrics` facade: whoever runs the program chooses the exporter,
//! and installs it before the port starts. Without one, counting costs a comparison.
//!
//! [`PORT`] and [`SERVER`] say what each meter is, to exporters too.

use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use tlv_core::messages::RefuseReason;

use crate::error::End;

/// The meters of every port: name, and what it counts.
const PORT: [(&str, &str); 10] = [
    ("netport_links", "links that have not ended"),
    ("netport_links_total", "links that began; side: accepted, dialled"),
    ("netport_links_ended_total", "links that ended, by reason"),
    ("netport_refusals_total", "links that were refused; by: us, peer; and the reason"),
    (
        "netport_deadlines_expired_total",
        "what took too long; deadline: dial, handshake, frame, idle, stall, send, call, linger",
    ),
    ("netport_received_frames_total", "frames that were received"),
    ("netport_received_bytes_total", "bytes that were received"),
    ("netport_sent_bytes_total", "bytes that the kernel took"),
    ("netport_backlog_bytes", "bytes accepted that the kernel has not taken"),
    ("netport_heartbeats_total", "heartbeats that were sent"),
];

/// Those of a server.
const SERVER: [(&str, &str); 4] = [
    ("netport_registered", "clients on the list"),
    ("netport_pushes_total", "lists that were sent, whole or as changes"),
    ("netport_pushes_put_off_total", "lists that met a full backlog"),
    (
        "netport_push_seconds",
        "from the first change that a round of pushes tells, to the end of the round",
    ),
];

/// Describes each meter to the exporter that is installed.
fn describe(meters: &[(&'static str, &'static str)]) {
    for &(name, what) in meters {
        if name.ends_with("_total") {
            describe_counter!(name, what);
        } else if name.ends_with("_seconds") {
            describe_histogram!(name, what);
        } else {
            describe_gauge!(name, what);
        }
    }
}

/// The meters of one port, each a handle that is looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    links: Gauge,
    pub(crate) received_frames: Counter,
    pub(crate) received_bytes: Counter,
    pub(crate) sent: SentMeters,
    pub(crate) heartbeats: Counter,
}

/// The meters of what a port's links send.
#[derive(Clone, Debug)]
pub(crate) struct SentMeters {
    bytes: Counter,
    backlog_bytes: Gauge,
}

/// What a link has sent, or what has changed in that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Bytes that the kernel took.
    pub(crate) bytes: u64,
    /// Bytes that wait for it.
    pub(crate) backlog_bytes: i64,
}

impl SentMeters {
    /// Counts what has changed.
    pub(crate) fn count(&self, change: Sent) {
        if change.bytes > 0 {
            self.bytes.increment(change.bytes);
        }
        if change.backlog_bytes != 0 {
            self.backlog_bytes.increment(change.backlog_bytes as f64);
        }
    }
}

impl Meters {
    pub(crate) fn new() -> Self {
        describe(&PORT);
        Self {
            links: gauge!("netport_links"),
            received_frames: counter!("netport_received_frames_total"),
            received_bytes: counter!("netport_received_bytes_total"),
            sent: SentMeters {
                bytes: counter!("netport_sent_bytes_total"),
                backlog_bytes: gauge!("netport_backlog_bytes"),
            },
            heartbeats: counter!("netport_heartbeats_total"),
        }
    }

    /// A link begins.
    pub(crate) fn began(&self, accepted: bool) {
        self.links.increment(1.0);
        let side = if accepted { "accepted" } else { "dialled" };
        counter!("netport_links_total", "side" => side).increment(1);
    }

    /// A link that began has ended.
    pub(crate) fn ended(&self, end: &End) {
        self.links.decrement(1.0);
        counter!("netport_links_ended_total", "reason" => end.label()).increment(1);
        match end {
            End::Refused(refusal) => refused("us", refusal.reason),
            End::RefusedBy(refusal) => refused("peer", refusal.reason),
            End::Malformed(_) => refused("us", RefuseReason::Malformed),
            End::NoRoom(_) => refused("us", RefuseReason::Busy),
            End::Stalled => expired("stall"),
            End::Dial(std::io::ErrorKind::TimedOut) => expired("dial"),
            _ => {}
        }
    }

    /// A connection was refused before it became a link.
    pub(crate) fn turned_away(&self, end: &End) {
        match end {
            End::NoRoom(_) => refused("us", RefuseReason::Busy),
            End::Refused(refusal) => refused("us", refusal.reason),
            _ => {}
        }
    }
}

/// The meters of one server's directory.
#[derive(Clone, Debug)]
pub(crate) struct DirectoryMeters {
    pub(crate) registered: Gauge,
    pub(crate) pushes: Counter,
    pub(crate) put_off: Counter,
    pub(crate) push_seconds: Histogram,
}

impl DirectoryMeters {
    pub(crate) fn new() -> Self {
        describe(&SERVER);
        Self {
            registered: gauge!("netport_registered"),
            pushes: counter!("netport_pushes_total"),
            put_off: counter!("netport_pushes_put_off_total"),
            push_seconds: histogram!("netport_push_seconds"),
        }
    }
}

fn refused(by: &'static str, reason: RefuseReason) {
    let reason = match reason {
        // A peer may name any number, and each would be a counter of its own for ever.
        RefuseReason::Unknown(_) => "Unknown".to_owned(),
        reason => format!("{reason:?}"),
    };
    counter!("netport_refusals_total", "by" => by, "reason" => reason).increment(1);
}

/// Something took too long.
pub(crate) fn expired(deadline: &'static str) {
    counter!("netport_deadlines_expired_total", "deadline" => deadline).increment(1);
}
