//! What a received byte costs: never more memory than a message's `AMPLIFICATION` says.
//!
//! Counted is what the thread that decodes allocates: the test harness allocates beside it.

use std::{fmt::Debug, fs, path::Path};

use proptest::{prelude::*, test_runner::TestRunner};
use tlv_core::{DecodeError, Message, MessageSet, Visitor, bytes::Bytes, record::HEADER_LEN};

#[path = "generated/goldens.rs"]
mod goldens;

/// What an error costs at most, wherever it happens: one box, and the path.
const ERROR_MAX: usize = 2_048;

const CASES: u32 = 200;

/// A `Text` of the goldens whose one byte is shared, once found at random.
const ONE_BYTE: [u8; 11] = [0, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0];

#[test]
fn a_received_byte_costs_no_more_memory_than_its_message_says() {
    let mut costs = Costs { messages: 0, vectors: vectors() };
    assert!(costs.vectors.len() > 400, "only {} vectors were seen", costs.vectors.len());
    tlv_core::messages::visit_messages(&mut costs);
    goldens::visit_messages(&mut costs);
    assert!(costs.messages >= 40, "only {} messages were seen", costs.messages);
}

struct Costs {
    messages: usize,
    /// The values of all vectors, valid and invalid. Each is tried as each message: whose it is, an
    /// attacker need not care.
    vectors: Vec<Vec<u8>>,
}

fn vectors() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    let sets = fs::read_dir(folder).expect("spec/vectors").map(|set| set.expect("a set").path());
    let files = sets
        .filter(|set| set.is_dir())
        .flat_map(|set| fs::read_dir(set).expect("a folder for each set"));
    let found = [ONE_BYTE.to_vec()];
    files
        .flat_map(|file| vectors_of(&file.expect("a file for each message").path()))
        .chain(found)
        .collect()
}

fn vectors_of(file: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(file).expect("a readable file");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let lists = ["valid", "invalid"].map(|key| file[key].as_array().expect(key));
    lists
        .into_iter()
        .flatten()
        .map(|vector| bytes(vector["bytes"].as_str().expect("hex")))
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(pair).collect()
}

impl Visitor for Costs {
    fn message<S: MessageSet, M: Message>(&mut self) {
        self.messages += 1;
        self.vectors.iter().for_each(|value| costs_at_most::<M>(value));
        let random = prop::collection::vec(any::<u8>(), 0..400);
        run(random, |bytes| costs_at_most::<M>(bytes));
        let damage = (any::<prop::sample::Index>(), any::<u8>());
        run((any::<M>(), damage), |(message, (at, byte))| {
            let frame = message.to_frame().expect("generated values keep to the spec");
            let mut value = frame[HEADER_LEN..].to_vec();
            costs_at_most::<M>(&value);
            if !value.is_empty() {
                let at = at.index(value.len());
                value[at] = *byte;
                costs_at_most::<M>(&value);
            }
        });
    }
}

fn run<T: Debug>(strategy: impl Strategy<Value = T>, law: impl Fn(&T)) {
    let config = ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        // Large arrays would shrink for minutes.
        max_shrink_iters: 100,
        ..<_>::default()
    };
    let result = TestRunner::new(config).run(&strategy, |value| {
        law(&value);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Decodes with `Bytes` copied and shared, and counts what is held at one time on the way.
fn costs_at_most<M: Message>(value: &[u8]) {
    let shared = Bytes::copy_from_slice(value);
    // The first to share a buffer allocates what keeps it alive, which is not the message's cost.
    let _sharing = shared.clone();
    cost_of(value, || M::decode(value));
    cost_of(value, || M::decode_bytes(&shared));
}

fn cost_of<M: Message>(value: &[u8], decode: impl Fn() -> Result<M, DecodeError>) {
    let received = HEADER_LEN + value.len();
    let mut decoded = false;
    let allocated = allocation_counter::measure(|| decoded = decode().is_ok()).bytes_max as usize;
    let inline = if decoded { size_of::<M>() } else { 0 };
    let error = if decoded { 0 } else { ERROR_MAX };
    assert!(
        allocated + inline <= M::AMPLIFICATION as usize * received + error,
        "{}: {allocated} + {inline} bytes of memory for {received} received, {} times allowed",
        M::NAME,
        M::AMPLIFICATION,
    );
}
