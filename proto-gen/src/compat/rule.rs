//! The table of rules. An id never changes its meaning; a retired one is not used again.

use std::fmt;

use super::side::Direction;

/// What kind of break a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A frame that one side writes, and the other refuses or reads differently.
    Wire,
    /// Nothing fails today, but a promise is broken that a later change relies on.
    Policy,
    /// The wire is the same; code that uses the generated types no longer compiles.
    Source,
}

macro_rules! rules {
    ($($id:literal $name:ident $class:ident $direction:ident $title:literal, $help:literal;)*) => {
        /// What a change can break.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = concat!("`", $id, "`: ", $title, ".")] $name,)*
        }

        impl Rule {
            /// Every rule, in order.
            pub const ALL: &[Rule] = &[$(Rule::$name,)*];

            /// The id as reports show it and as waivers name it: `C017`.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)* }
            }

            /// What changed, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Rule::$name => $title,)* }
            }

            /// What kind of break it is, unless no frame shows it.
            pub fn class(self) -> Class {
                match self { $(Rule::$name => Class::$class,)* }
            }

            /// Who can break; the proof says who does.
            pub fn direction(self) -> Direction {
                match self { $(Rule::$name => Direction::$direction,)* }
            }

            /// What to do instead.
            pub fn help(self) -> &'static str {
                match self { $(Rule::$name => $help,)* }
            }
        }
    };
}

rules! {
    // The protocol.
    "C001" ProtocolName Policy Both "the protocol has another name",
        "the two refuse each other's `Hello`: keep the name, or release it as a protocol of its own";
    "C002" VersionWentBack Policy Both "the version went back",
        "the version only grows; raise it above the released one";
    "C003" ConstantChanged Policy Both "a constant changed",
        "peers of the released version go on with the old value: add a constant beside it";
    "C004" SinceChanged Policy Both "`since` of an existing message changed",
        "links decide by `since` what a peer can read: keep it";

    // Messages.
    "C010" MessageId Wire Both "a message has another id",
        "keep the id; for a changed message, add a new one beside it";
    "C011" MessageIdReused Wire Both "an id means another message",
        "give the new message an id that was never used, and reserve the old one";
    "C012" IdAcrossSets Wire Both "an id means a message of another set",
        "ids are shared by all sets of a link: give the new message one that was never used";
    "C013" MessageRemoved Policy New "a message was removed without a reservation",
        "add its id to the protocol's `reserved_ids`, so that nobody gives it another meaning";
    "C014" EvenRemoved Wire New "an even id was removed",
        "keep it, and say `deprecated`: old peers may still write it, and who does not know an even id refuses it; once no peer speaks the released version, put the id into `reserved_ids` and waive this";
    "C015" NewCritical Wire Old "a new critical id",
        "use a free odd id, which old readers skip; a message, and nothing else, may instead say `since` a version above the released one";
    "C016" Parity Wire Both "an id went from even to odd, or from odd to even",
        "keep the id: its parity says whether a reader may skip it";
    "C017" RenamedWithoutWas Wire Both "a name vanished, and another stands in its place",
        "if it was renamed, say `was` with the old name; if it is another thing, it needs another place";
    "C018" SetMembership Wire Both "a message moved to another set",
        "who reads the one set alone no longer knows it: keep it there";
    "C019" Pairing Wire Both "a request and its response are paired differently",
        "keep the pair, and add a new one beside it";
    "C020" SendersNarrowed Wire New "fewer roles may send a message",
        "old peers of the other roles still send it";
    "C021" SendersWidened Wire Old "more roles may send a message",
        "old peers refuse it from the new roles: add a message of its own";
    "C022" MaxLenNarrowed Wire New "`max_len` is smaller",
        "keep it: the reader refuses longer values by the header alone";
    "C023" MaxLenWidened Wire Old "`max_len` is larger",
        "keep it, and add a message for what does not fit";

    // Heads and types.
    "C030" HeadAdded Wire Both "a required field was added",
        "the head is fixed for ever: add it to the tail, with an odd id";
    "C031" HeadRemoved Wire Both "a required field was removed",
        "the head is fixed for ever: keep the field, and say `deprecated`";
    "C032" HeadReordered Wire Both "required fields stand in another order",
        "the head is written in the spec's order: restore it";
    "C033" Retyped Wire Both "a field has another type",
        "keep the type; add a tail field with the new one";
    "C034" Width Wire Both "a number has another width",
        "keep the width; add a tail field with the new one";
    "C035" Signedness Wire Both "a number gained or lost its sign",
        "keep the type; add a tail field with the new one";
    "C036" LengthPrefix Wire Both "a bound moved into another width of the length",
        "bounds up to 255, up to 65,535 and beyond have lengths of 1, 2 and 4 bytes: stay in the class";
    "C037" Meaning Wire Both "the same bytes have another meaning",
        "nothing would notice: add a tail field with the new type instead";
    "C038" Optionality Wire Both "a required field became optional, or the reverse",
        "keep the field where it is";
    "C039" FrozenStruct Wire Both "a frozen struct has other fields",
        "add a new struct beside it; one that will grow says `extensible` from the start";
    "C040" BoundNarrowed Wire New "a bound is smaller",
        "keep the bound: old peers still write up to it";
    "C041" BoundWidened Wire Old "a bound is larger",
        "keep the bound: old peers refuse what is beyond theirs; add a tail field for more";
    "C042" ArrayLength Wire Both "an array has another length",
        "keep the length; add a tail field with the new one";
    "C043" ConstraintTightened Wire New "a constraint allows less",
        "old peers still write what it no longer allows: check it where the value is used";
    "C044" ConstraintLoosened Wire Old "a constraint allows more",
        "old peers refuse what theirs does not allow: add a tail field without it";
    "C045" Extensibility Wire Both "a struct became extensible, or frozen",
        "the length before an extensible struct is part of the format: add a new struct";
    "C046" ExtensibleWidth Wire Both "an extensible struct's length has another width",
        "keep the width: it never changes";

    // Tails.
    "C050" TailId Wire Both "a tail field has another id",
        "keep the id; for a changed field, add a new one beside it";
    "C051" TailIdReused Wire Both "a tail id means another field",
        "give the new field an id that was never used, and reserve the old one";
    "C052" TailRemoved Policy New "a tail field was removed without a reservation",
        "add its id to the `reserved_ids` beside the tail, so that nobody gives it another meaning";
    "C053" UnknownPolicy Wire Both "unknown records are kept where they were dropped, or the reverse",
        "who relays the message loses records of newer peers, or did until now: keep the policy";

    // Enums, flags, unions.
    "C060" EnumRenumbered Wire Both "a value of an enum has another number",
        "keep the number; add a new value beside it";
    "C061" EnumRemoved Wire New "a value of an enum was removed",
        "keep the value, and say `deprecated`; from an open enum it may go once its number is in `reserved_ids`";
    "C062" ClosedEnumGrew Wire Old "a closed enum has a new value",
        "old readers refuse it: closed enums never grow";
    "C063" Openness Wire Both "an enum was opened or closed",
        "what one side passes on the other refuses: keep it as it is";
    "C064" FlagMoved Wire Both "a flag has another bit",
        "keep the bit; add a new flag beside it";
    "C065" FlagRemoved Policy New "a flag was removed without a reservation",
        "add its bit to `reserved_ids`, so that nobody gives it another meaning";
    "C066" VariantId Wire Both "a variant has another id",
        "keep the id; add a new variant beside it";
    "C067" VariantIdReused Wire Both "an id means another variant",
        "give the new variant an id that was never used, and reserve the old one";
    "C068" VariantRemoved Policy New "a variant was removed without a reservation",
        "add its id to `reserved_ids`, so that nobody gives it another meaning";

    // Reservations and waivers.
    "C070" ReservedIdReused Policy Both "a reserved id is in use again",
        "choose one that was never used: an old peer gives this one another meaning";
    "C071" ReservedNameReused Policy Both "a reserved name is in use again",
        "choose another name";
    "C072" ReservationRemoved Policy Both "a reservation was removed",
        "reservations are for ever: restore it";
    "C080" UnusedWaiver Policy Both "a waiver waives nothing",
        "remove it: what it waived is released, or never was";

    // The sources of who uses the generated code.
    "C100" Renamed Source Both "renamed",
        "code that uses the old name no longer compiles";
    "C101" LostCopy Source Both "no longer `Copy`",
        "code that copies values of the type no longer compiles";
    "C102" LostEq Source Both "no longer `Eq`",
        "code that compares or hashes values of the type may no longer compile";
    "C103" NewField Source Both "a new field",
        "struct literals and exhaustive patterns no longer compile";
    "C104" NewChoice Source Both "a new message, value or variant",
        "exhaustive `match`es no longer compile";
    "C105" Gone Source Both "removed",
        "code that uses it no longer compiles";
    "C106" Deprecated Source Both "newly deprecated",
        "code that uses it gets a warning";
    "C107" OtherTypeName Source Both "another type of the same form",
        "code that names the type no longer compiles";
}

impl Rule {
    /// The rule with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }
}

impl Class {
    /// `wire`, `policy` or `source`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Policy => "policy",
            Self::Source => "source",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
