//! The document's fenced blocks.

/// A fenced block: what stands after the fence, split at spaces, and the lines inside.
pub(crate) struct Block<'a> {
    pub(crate) info: Vec<&'a str>,
    pub(crate) lines: Vec<&'a str>,
}

impl Block<'_> {
    /// The bytes of a block whose lines are `hex | comment`.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| hex(line.split('|').next().unwrap_or_default())).collect()
    }

    /// For messages of failed assertions.
    pub(crate) fn title(&self) -> String {
        self.info.join(" ")
    }
}

/// Pairs of hex digits, separated by spaces.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let byte = |pair| u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("not hex: {text:?}"));
    text.split_whitespace().map(byte).collect()
}

/// Every block that begins with this word.
pub(crate) fn blocks<'a>(document: &'a str, kind: &str) -> Vec<Block<'a>> {
    let mut found = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                open = Some(Block { info: info.split(' ').collect(), lines: Vec::new() });
            }
            (Some(_), Some(block)) => found.push(block),
            (None, Some(mut block)) => {
                block.lines.push(line);
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found.retain(|block| block.info[0] == kind);
    assert!(!found.is_empty(), "no block {kind}");
    found
}
