//! Every message of netport and of proto-gen's goldens, with what its spec says about it.

use std::path::Path;

use proto_gen::schema::{Message as MessageDef, Schema};
use tlv_core::{Message, MessageSet, Visitor};

use crate::goldens;

/// A message type, as the interpreter knows it.
#[derive(Clone, Copy)]
pub(crate) struct Spec<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) message: &'a MessageDef,
}

/// What holds for every message type.
pub(crate) trait Law {
    fn hold<S: MessageSet, M: Message>(&mut self, spec: Spec<'_>);
}

/// Holds `law` against every message type: a new one is covered the moment it is in a spec.
pub(crate) fn for_each_message<L: Law>(law: &mut L) {
    let mut each = EachMessage { schema: load("netport"), law, seen: 0 };
    tlv_core::messages::visit_messages(&mut each);
    assert!(each.seen >= 10, "only {} messages of netport were seen", each.seen);
    goldens::visit_messages(&mut each);
    assert!(each.seen >= 50, "only {} messages were seen", each.seen);
}

/// The schema of a protocol: netport's own, or that of the golden which is called like it.
fn load(protocol: &str) -> Schema {
    let spec = match protocol {
        "netport" => "../spec/messages.ron".to_owned(),
        golden => format!("../proto-gen/tests/goldens/rust/{golden}.ron"),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(spec);
    proto_gen::load(path).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

struct EachMessage<'l, L> {
    /// Of the message that was seen last; its protocol's other messages follow.
    schema: Schema,
    law: &'l mut L,
    /// So that a test that sees nothing fails.
    seen: usize,
}

impl<L: Law> Visitor for EachMessage<'_, L> {
    fn message<S: MessageSet, M: Message>(&mut self) {
        if self.schema.name != S::PROTOCOL.name {
            self.schema = load(S::PROTOCOL.name);
        }
        let message = self.schema.messages().find(|message| message.id == M::ID);
        let message = message.expect("the code is generated from the spec");
        self.law.hold::<S, M>(Spec { schema: &self.schema, message });
        self.seen += 1;
    }
}
