//! "Did you mean": the nearest of the words that would have been right.

/// The candidate that `word` is most likely a slip of, if any is near enough.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // One slip in a short word, a third of a long one.
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (distance(word, candidate, limit), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The help line for [`nearest`].
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Names that are shown where none is near; more would hide what is wrong.
#[cfg(feature = "tools")]
const SHOWN: usize = 12;

/// What could be said instead of `word`: the nearest, or else all of them, if they are few.
#[cfg(feature = "tools")]
pub(crate) fn instead<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    let candidates: Vec<&str> = candidates.collect();
    if let Some(help) = did_you_mean(word, candidates.iter().copied()) {
        return help;
    }
    let shown = &candidates[..candidates.len().min(SHOWN)];
    let more = if candidates.len() > SHOWN { ", and more" } else { "" };
    match shown {
        [] => "there are none".to_owned(),
        [only] => format!("there is only `{only}`"),
        _ => format!("one of {}{more} is wanted", shown.join(", ")),
    }
}

/// Insertions, deletions, replacements and swaps of neighbours between two words, where case does
/// not count but a difference in nothing but case counts as one. Beyond `limit` any larger number.
fn distance(from: &str, to: &str, limit: usize) -> usize {
    let fold = |text: &str| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<char>>();
    let (from, to) = (fold(from), fold(to));
    if from.len().abs_diff(to.len()) > limit {
        return limit + 1;
    }
    // Three rows of the table of distances between prefixes: the swap looks two rows back.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replace = above[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant() {
        let keys = ["name", "doc", "since", "fields", "tail", "max_len"];
        let check = |word: &str, expect: Option<&str>| {
            assert_eq!(nearest(word, keys), expect, "{word}");
        };
        check("nmae", Some("name"));
        check("feilds", Some("fields"));
        check("maxlen", Some("max_len"));
        check("Doc", Some("doc"));
        check("tails", Some("tail"));
        check("colour", None);
        check("", None);
    }

    #[test]
    #[cfg(feature = "tools")]
    fn says_what_there_is_where_nothing_is_near() {
        let check = |names: &[&str], expect: &str| {
            assert_eq!(instead("norht", names.iter().copied()), expect);
        };
        check(&["North", "South"], "did you mean `North`?");
        check(&["East", "West"], "one of East, West is wanted");
        check(&["Up"], "there is only `Up`");
        check(&[], "there are none");
        let all = ["one of ", &["A, "; 11].concat(), "A, and more is wanted"].concat();
        check(&["A"; 13], &all);
    }
}
