//! What a port counts, through the `metrics` facade: whoever runs the program chooses the exporter,
//! and installs it before the port starts. Without one, counting costs a comparison.
//!
//! | name | labels | what |
//! | --- | --- | --- |
//! | `netport_links` | | links that have not ended |
//! | `netport_links_total` | `side`: accepted, dialled | links that began |
//! | `netport_links_ended_total` | `reason` | links that ended ([`End::label`]) |
//! | `netport_refusals_total` | `by`: us, peer; `reason` | links refused |
//! | `netport_deadlines_expired_total` | `deadline` | links that took too long |
//! | `netport_received_frames_total`, `netport_received_bytes_total` | | |
//! | `netport_sent_bytes_total` | | bytes that the kernel took |
//! | `netport_backlog_bytes` | | bytes accepted that the kernel has not taken |
//! | `netport_heartbeats_total` | | heartbeats sent |
//!
//! And of a server:
//!
//! | name | labels | what |
//! | --- | --- | --- |
//! | `netport_registered` | | clients on the list |
//! | `netport_pushes_total` | | lists sent, whole or as changes |
//! | `netport_pushes_put_off_total` | | lists that met a full backlog |
//! | `netport_push_seconds` | | from the first change that a round of pushes tells, to its end |

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::error::End;
use tlv_core::messages::RefuseReason;

/// The meters of one port, each a handle that is looked up once.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    links: Gauge,
    pub(crate) received_frames: Counter,
    pub(crate) received_bytes: Counter,
    pub(crate) sent_bytes: Counter,
    pub(crate) backlog_bytes: Gauge,
    pub(crate) heartbeats: Counter,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            links: gauge!("netport_links"),
            received_frames: counter!("netport_received_frames_total"),
            received_bytes: counter!("netport_received_bytes_total"),
            sent_bytes: counter!("netport_sent_bytes_total"),
            backlog_bytes: gauge!("netport_backlog_bytes"),
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
            End::Idle => expired("idle"),
            End::Stalled => expired("stall"),
            End::Dial(std::io::ErrorKind::TimedOut) => expired("dial"),
            _ => {}
        }
    }

    /// A connection was refused before it became a link.
    pub(crate) fn turned_away(&self, end: &End) {
        if let End::Refused(refusal) = end {
            refused("us", refusal.reason);
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
        Self {
            registered: gauge!("netport_registered"),
            pushes: counter!("netport_pushes_total"),
            put_off: counter!("netport_pushes_put_off_total"),
            push_seconds: histogram!("netport_push_seconds"),
        }
    }
}

fn refused(by: &'static str, reason: RefuseReason) {
    if reason == RefuseReason::Timeout && by == "us" {
        expired("handshake or frame");
    }
    let reason = format!("{reason:?}");
    counter!("netport_refusals_total", "by" => by, "reason" => reason).increment(1);
}

fn expired(deadline: &'static str) {
    counter!("netport_deadlines_expired_total", "deadline" => deadline).increment(1);
}
