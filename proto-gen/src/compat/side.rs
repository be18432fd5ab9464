//! The two sides of a comparison.

/// One of the two specs that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The released one.
    Old,
    /// The one that is to follow it.
    New,
}

/// Whose reading breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// New readers, on what old peers write.
    New,
    /// Old readers, on what new peers write.
    Old,
    /// Both.
    Both,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// `old` or `new`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

impl Direction {
    /// Whether readers of this side can break.
    pub fn includes(self, reader: Side) -> bool {
        match self {
            Self::Both => true,
            Self::New => reader == Side::New,
            Self::Old => reader == Side::Old,
        }
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::New => "new readers break on old data",
            Self::Old => "old readers break on new data",
            Self::Both => "readers of both break on each other's data",
        }
    }
}
