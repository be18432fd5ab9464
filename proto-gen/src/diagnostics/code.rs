//! The table of codes. A code never changes its meaning; a retired one is not used again.

use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// No code is generated.
    Error,
    /// A lint: code is generated, and the spec may `allow` it.
    Warning,
}

macro_rules! codes {
    ($($code:literal $name:ident $title:literal,)*) => {
        /// A stable code: `E` for mistakes, `L` for lints.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`: ", $title, ".")] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as it is shown and as `allow` names it: `E0017`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// What the code stands for, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    // Files.
    "E0001" UnreadableFile "a file cannot be read",
    "E0002" NotUtf8 "a file is not UTF-8",
    "E0003" IncludeCycle "a file includes itself",
    "E0004" NotAnInclude "an included file is not `Types(...)`",
    // Text.
    "E0010" UnexpectedCharacter "a character without meaning",
    "E0011" UnclosedString "a string or character is not closed",
    "E0012" UnclosedComment "a block comment is not closed",
    "E0013" BadEscape "an unknown escape in a string",
    "E0014" BadNumber "a malformed number",
    "E0015" NumberTooLarge "a number that no type can hold",
    "E0016" UnclosedBracket "a bracket is not closed",
    "E0017" StrayBracket "a closing bracket without an opening one",
    "E0018" ExpectedValue "a value is missing",
    "E0019" MissingComma "a comma is missing",
    "E0020" MixedEntries "entries with and without keys, or a key that is not a word",
    "E0021" TooManyBrackets "brackets nest too deep",
    "E0022" TextAfterEnd "text after the item that a file holds",
    "E0023" UnsupportedSyntax "RON that a spec has no use for",
    // Items and their keys.
    "E0030" WrongItem "another item is expected here",
    "E0031" UnknownKey "an item has no such key",
    "E0032" DuplicateKey "a key is given twice",
    "E0033" MissingKey "a key is missing",
    "E0034" WrongValue "a value of the wrong kind",
    "E0035" NumberOutOfRange "a number that its place cannot hold",
    "E0036" UnknownLint "`allow` names no lint",
    // Names.
    "E0040" BadName "a name in the wrong style",
    "E0041" WordTaken "a name that already means something",
    "E0042" DuplicateName "a name is used twice",
    "E0043" GeneratedName "a name that generated code needs",
    "E0044" ReservedName "a reserved name is used",
    "E0045" WasStillHere "`was` names an item that still exists",
    "E0046" NameTooLong "a name is too long",
    // Ids.
    "E0050" DuplicateId "an id is used twice",
    "E0051" ReservedId "a reserved id is used",
    "E0052" NetportId "an id that belongs to netport itself",
    "E0053" TailIdZero "tail id 0",
    "E0054" IdTooWide "a value or bit that the representation cannot hold",
    "E0055" ReservedTwice "an id or name is reserved twice",
    // Types and bounds.
    "E0060" UnknownType "no type has this name",
    "E0061" NotAType "a name that is not a type's",
    "E0062" TypeArguments "a type's arguments are wrong",
    "E0063" ZeroBound "a bound of 0",
    "E0064" BoundTooLarge "a bound beyond what a length can say",
    "E0065" EmptyElement "elements without bytes",
    "E0066" BadMapKey "a type that cannot be a map's key",
    "E0067" RecursiveType "a type that contains itself",
    "E0068" TooDeep "types nest too deep",
    "E0069" OptionalTail "an `Opt` as a tail field",
    "E0070" BadRepr "a representation that the item cannot have",
    "E0071" FrozenTail "a tail on a frozen struct",
    "E0072" BeyondWidth "an extensible struct that its length cannot describe",
    "E0073" MaxLenMissing "bounds that need a `max_len`",
    "E0074" MaxLenTooSmall "a `max_len` that no value keeps",
    "E0075" NothingInside "an enum, flags or union without members",
    // Constraints and constants.
    "E0080" ConstraintMisplaced "a constraint that the type cannot have",
    "E0081" EmptyRange "a range without values",
    "E0082" RangeBeyondType "a range beyond its type",
    "E0083" TwoConstraints "two constraints on one field",
    "E0084" BadLengths "lengths out of order or beyond the bound",
    "E0085" ConstType "a type that a constant cannot have",
    "E0086" ConstValue "a value that does not fit its constant's type",
    "E0087" UnknownConstant "a number is the name of no constant",
    // Protocol, versions, roles, calls.
    "E0089" NoSuchEndpoint "a role that no endpoint has",
    "E0090" NoRoles "`from` without `roles`",
    "E0091" UnknownRole "a role that the roles' enum does not have",
    "E0092" RolesNotEnum "`roles` names no enum",
    "E0093" SinceUnknown "`since` beyond the protocol's version",
    "E0094" OlderThanOwner "an item older than what contains it",
    "E0095" NewRequiredField "a required field newer than its message",
    "E0096" TypeTooNew "a type newer than its use",
    "E0097" UnknownMessage "a call names no message of its set",
    "E0098" TwoCalls "a message in two calls",
    "E0099" EmptyReason "a reason, rule or item without words",
    // Lints.
    "L0001" MissingDoc "an item without `doc`",
    "L0002" HugeBound "a bound that looks like none",
    "L0003" IdGap "a gap in the ids without a reservation",
    "L0004" IdOrder "ids out of order",
    "L0005" IdNotation "hexadecimal and decimal ids side by side",
    "L0006" PrivateId "an id of the private range",
    "L0007" DeprecatedUse "a deprecated type in use",
    "L0008" Doctest "a doc text that would become a doctest",
    "L0009" Amplification "a message that costs much memory per byte",
}

impl Code {
    /// `Error` for `E`, `Warning` for `L`.
    pub fn severity(self) -> Severity {
        if self.as_str().starts_with('E') { Severity::Error } else { Severity::Warning }
    }

    /// What to do, where the finding itself has nothing more precise to say.
    pub(crate) fn advice(self) -> Option<&'static str> {
        Some(match self {
            Self::UnexpectedCharacter => "remove it, or put it between quotes",
            Self::NumberTooLarge => "write a number of at most 128 bits",
            Self::StrayBracket => "remove it, or write the bracket that it should close",
            Self::ExpectedValue => "write the value, or remove what is left of the entry",
            Self::MissingComma => "write `,` between two entries",
            Self::TooManyBrackets => "declare a struct for the inner part, and name it here",
            Self::TextAfterEnd => "move it into the item above, or to a file of its own",
            Self::UnsupportedSyntax => "remove it",
            Self::DuplicateKey => "remove one of the two",
            Self::WrongValue => "write a value of that kind",
            Self::NumberOutOfRange => "write a number of that range",
            Self::WordTaken => "for example with another word before it",
            Self::DuplicateName => "rename or remove one of the two",
            Self::DuplicateId => "give one of them a free number",
            Self::IdTooWide => "take a smaller number, or a wider `repr` if nothing was released",
            Self::ReservedTwice => "remove one of the two",
            Self::BoundTooLarge => "write a bound that a frame can hold",
            Self::TooDeep => "flatten it: replace inner lists by one list of structs",
            Self::MaxLenTooSmall => "raise `max_len`, or make the required fields smaller",
            Self::ConstraintMisplaced => "remove it, or change the field's type",
            Self::RangeBeyondType => "bound the range by what the type can hold",
            Self::TwoConstraints => "keep the stricter one; `lengths` without 0 is `non_empty` too",
            Self::BadLengths => "write for example `lengths: [4, 16]`",
            Self::ConstValue => "write another value, or a wider type",
            Self::UnknownRole => "add the role to the enum, or name one that it has",
            Self::UnknownMessage => "declare the message in this set, or name one that it has",
            Self::OlderThanOwner => "leave `since` out: it is then the owner's",
            Self::EmptyReason => "say it in a few words",
            Self::IdNotation => "write all of them in hexadecimal, or all in decimal",
            Self::DeprecatedUse => "follow what the note says, or deprecate this use too",
            _ => return None,
        })
    }

    /// The code with this text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
