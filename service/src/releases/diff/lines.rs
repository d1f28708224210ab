//! The shortest way from one list of lines to another, after Myers ("An O(ND) difference
//! algorithm and its variations", 1986), as long as that is short; else the old goes and the new
//! comes as a whole. Bounded in time and memory whatever the lines are. Pure.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Same,
    Added,
    Removed,
}

/// Lines that come and go, and comparisons of lines, until the rest counts as rewritten.
const MOST_EDITS: usize = 1_000;
const MOST_COMPARISONS: usize = 4_000_000;

pub fn edits<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(Edit, &'t str)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, end) = old_rest.split_at(old_rest.len() - tail);
    let new_middle = &new_rest[..new_rest.len() - tail];
    let mut all: Vec<_> = old[..head].iter().map(|line| (Edit::Same, *line)).collect();
    match furthest(old_middle, new_middle) {
        Some(rounds) => all.extend(walk_back(old_middle, new_middle, &rounds)),
        None => {
            all.extend(old_middle.iter().map(|line| (Edit::Removed, *line)));
            all.extend(new_middle.iter().map(|line| (Edit::Added, *line)));
        }
    }
    all.extend(end.iter().map(|line| (Edit::Same, *line)));
    all
}

/// For each number of edits, how far into the old text each diagonal gets: diagonal `k` of round
/// `d`, from `-d` to `d` in steps of two, stands at `(k + d) / 2`.
fn furthest(old: &[&str], new: &[&str]) -> Option<Vec<Vec<usize>>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut compared = 0;
    for d in 0..=MOST_EDITS.min(old.len() + new.len()) {
        let mut round = Vec::with_capacity(d + 1);
        for place in 0..=d {
            let mut x = start(rounds.last().map(Vec::as_slice), place, d);
            // On diagonal k = 2 * place - d the new text is at x - k.
            let mut y = x + d - 2 * place;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                (x, y, compared) = (x + 1, y + 1, compared + 1);
            }
            round.push(x);
            if x >= old.len() && y >= new.len() {
                rounds.push(round);
                return Some(rounds);
            }
        }
        if compared > MOST_COMPARISONS {
            return None;
        }
        rounds.push(round);
    }
    None
}

/// Where a diagonal of this round begins: one line added or removed after the round before.
fn start(before: Option<&[usize]>, place: usize, d: usize) -> usize {
    let Some(before) = before else { return 0 };
    match place {
        0 => before[0],
        _ if place == d => before[d - 1] + 1,
        _ if before[place - 1] >= before[place] => before[place - 1] + 1,
        _ => before[place],
    }
}

fn walk_back<'t>(old: &[&'t str], new: &[&'t str], rounds: &[Vec<usize>]) -> Vec<(Edit, &'t str)> {
    let (mut x, mut y) = (old.len(), new.len());
    let mut back = Vec::with_capacity(x.max(y));
    for d in (1..rounds.len()).rev() {
        let before = &rounds[d - 1];
        let place = (x + d - y) / 2;
        let added = place == 0 || (place < d && before[place - 1] < before[place]);
        // Where the edit led to, before the lines that both have.
        let from = start(Some(before), place, d);
        while x > from {
            (x, y) = (x - 1, y - 1);
            back.push((Edit::Same, old[x]));
        }
        if added {
            y -= 1;
            back.push((Edit::Added, new[y]));
        } else {
            x -= 1;
            back.push((Edit::Removed, old[x]));
        }
    }
    back.extend(old[..x].iter().rev().map(|line| (Edit::Same, *line)));
    back.reverse();
    back
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &[&str], new: &[&str]) -> usize {
        let edits = edits(old, new);
        let side = |not: Edit| -> Vec<_> {
            edits.iter().filter(|(edit, _)| *edit != not).map(|(_, line)| *line).collect()
        };
        assert_eq!((side(Edit::Added), side(Edit::Removed)), (old.to_vec(), new.to_vec()));
        edits.iter().filter(|(edit, _)| *edit != Edit::Same).count()
    }

    #[test]
    fn the_edits_lead_from_one_text_to_the_other_and_are_as_few_as_can_be() {
        assert_eq!(check(&["a", "b", "c", "a", "b", "b", "a"], &["c", "b", "a", "b", "a", "c"]), 5);
        assert_eq!(check(&[], &["a"]), 1);
        assert_eq!(check(&["a"], &[]), 1);
        assert_eq!(check(&["a", "b"], &["a", "b"]), 0);
        assert_eq!(check(&["x", "a", "y"], &["a", "z"]), 3);
    }

    #[test]
    fn every_pair_of_short_texts_works() {
        let texts: Vec<Vec<&str>> = (0..81)
            .map(|n| [n, n / 3, n / 9, n / 27].map(|d| ["a", "b", "c"][d % 3])[..1 + n % 4].to_vec())
            .collect();
        for old in &texts {
            for new in &texts {
                assert!(check(old, new) <= old.len() + new.len());
            }
        }
    }

    #[test]
    fn texts_that_share_little_are_replaced_as_a_whole_and_soon() {
        let old: Vec<String> = (0..100_000).map(|n| format!("{}", n % 7)).collect();
        let new: Vec<String> = (0..100_000).map(|n| format!("{}", n % 5 + 3)).collect();
        let (old, new): (Vec<_>, Vec<_>) =
            (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
        let began = std::time::Instant::now();
        check(&old, &new);
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
