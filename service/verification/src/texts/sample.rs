//! A bounded choice of texts that does not depend on where they stand: those with the smallest
//! marks. Two modules with the same texts choose the same ones. Knows nothing of wasm.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The same on every machine and in every version: FNV-1a, and the end of MurmurHash3, since the
/// last letters of a text hardly touch the upper bits of the former.
#[must_use]
pub fn mark(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

pub struct Sample {
    most: usize,
    kept: BTreeMap<u64, String>,
    cut: bool,
}

impl Sample {
    pub fn new(most: usize) -> Self {
        Self { most, kept: BTreeMap::new(), cut: false }
    }

    pub fn add(&mut self, text: Cow<'_, str>) {
        let mark = mark(&text);
        if self.kept.len() == self.most {
            match self.kept.last_key_value() {
                Some((last, _)) if mark > *last => self.cut = true,
                _ if self.kept.contains_key(&mark) => {}
                _ => {
                    self.cut = true;
                    self.kept.pop_last();
                    self.kept.insert(mark, text.into_owned());
                }
            }
        } else {
            self.kept.entry(mark).or_insert_with(|| text.into_owned());
        }
    }

    pub fn into_set(self) -> (BTreeSet<String>, bool) {
        (self.kept.into_values().collect(), self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_does_not_depend_on_the_order() {
        let texts: Vec<_> = (0..100).map(|n| format!("text {n}")).collect();
        let of = |texts: &mut dyn Iterator<Item = &String>| {
            let mut sample = Sample::new(10);
            texts.for_each(|text| sample.add(text.as_str().into()));
            sample.into_set()
        };
        let (kept, cut) = of(&mut texts.iter());
        assert!(cut && kept.len() == 10);
        assert_eq!(of(&mut texts.iter().rev().chain(&texts)), (kept, true));
        assert!(!of(&mut texts.iter().take(10).chain(texts.iter().take(10))).1);
    }
}
