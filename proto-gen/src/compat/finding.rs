//! What a comparison has to say, as plain data.

use super::rule::{Class, Rule};
use super::side::{Direction, Side};
use crate::schema::Span;

/// How a break was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// By a writer and a reader.
    Proved,
    /// By a relay between a newer writer and a reader.
    RelayProved,
    /// Not by a frame.
    Policy,
}

/// One change that breaks someone.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// The item, by the names of the new spec where it is there: `Greet.text`, `Peer.name`.
    pub item: String,
    /// What changed, in one sentence without a full stop.
    pub message: String,
    /// The item in the old spec, or what contained it.
    pub old: Option<Mark>,
    /// The item in the new spec, or what should contain it.
    pub new: Option<Mark>,
    /// Every message that shows the change on the wire.
    pub places: Vec<Place>,
    /// Why the new spec accepts it.
    pub waived: Option<String>,
}

/// A place in one of the specs, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where.
    pub span: Span,
    /// What to say about it; may be empty.
    pub text: String,
}

/// A message that shows a change, and the frames that prove it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// From the message to the item: `Changes.joined[].name`.
    pub path: String,
    /// At most one for each direction.
    pub witnesses: Vec<Witness>,
    /// Why the new spec accepts it here.
    pub waived: Option<String>,
}

/// A frame that one side writes, and the other refuses or reads differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// Who wrote the frame; for a relayed one, whose form a newer peer's frame is shown in.
    pub writer: Side,
    /// Who passed it on.
    pub relay: Option<Side>,
    /// Who breaks on it.
    pub reader: Side,
    /// The frame as the reader gets it, or as the relay got it where that is who breaks.
    pub frame: Vec<u8>,
    /// The frame as its writer understands it.
    pub written: String,
    /// What becomes of it.
    pub outcome: String,
}

impl Standing {
    /// `proved`, `relay-proved` or `policy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::RelayProved => "relay-proved",
            Self::Policy => "policy",
        }
    }
}

impl Finding {
    /// What kind of break it is. A break of the wire that no frame shows is one of policy.
    pub fn class(&self) -> Class {
        match (self.rule.class(), self.standing()) {
            (Class::Wire, Standing::Policy) => Class::Policy,
            (class, _) => class,
        }
    }

    /// How it was shown: the strongest of its witnesses.
    pub fn standing(&self) -> Standing {
        let mut witnesses = self.witnesses().peekable();
        if witnesses.peek().is_none() {
            Standing::Policy
        } else if witnesses.any(|witness| witness.relay.is_none()) {
            Standing::Proved
        } else {
            Standing::RelayProved
        }
    }

    /// Whose reading breaks: as the witnesses show, or where there are none, as the rule says.
    pub fn direction(&self) -> Direction {
        let breaks = |side| self.witnesses().any(|witness| witness.reader == side);
        match (breaks(Side::Old), breaks(Side::New)) {
            (true, true) => Direction::Both,
            (true, false) => Direction::Old,
            (false, true) => Direction::New,
            (false, false) => self.rule.direction(),
        }
    }

    /// Every frame that shows it.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        self.places.iter().flat_map(|place| &place.witnesses)
    }
}
