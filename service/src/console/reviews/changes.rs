//! What changed since the last approved release, as two columns read it: left what stands approved, right
//! this one. Where nothing was approved, all of this one. Pure: it says what differs, and judges nothing but
//! that a new power is one.
mod module;
mod said;

use crate::releases::diff::{Words, view::MetadataChanges};
use tamis_verification::ModuleChanges;

/// Rows of a group that are shown until somebody asks for all.
const MOST: usize = 200;

/// What is compared.
pub struct Sides<'r> {
    pub module: &'r ModuleChanges,
    pub said: &'r MetadataChanges,
    /// None: nothing was approved before.
    pub old: Option<Words<'r>>,
    pub new: Words<'r>,
}

/// Where all of a group can be read, when the comparison leaves some of it out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    Module,
    Words,
}

pub struct Group {
    pub title: &'static str,
    /// What is new, in words, at the right of the head.
    pub sum: String,
    /// A class for the sum.
    pub look: &'static str,
    pub rows: Vec<Row>,
    /// Rows that differ, whether they are shown or not.
    pub changed: usize,
    /// Rows that are not shown before somebody asks for all.
    pub hidden: usize,
    /// Differences that the comparison itself leaves out.
    pub left_out: u64,
    /// There is more than is compared.
    pub cut: bool,
    pub whole: Whole,
}

impl Group {
    pub fn is_whole(&self) -> bool {
        self.hidden == 0 && self.left_out == 0 && !self.cut
    }

    pub fn is_of_module(&self) -> bool {
        self.whole == Whole::Module
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Same,
    Added,
    Removed,
    Changed,
    /// Can do what nothing approved could.
    NewPower,
}

pub struct Row {
    pub kind: Kind,
    pub old: Option<String>,
    pub new: Option<String>,
    pub icon: Option<&'static str>,
    /// Widths of two bars out of 100, for sizes.
    pub bars: Option<(u64, u64)>,
    /// What each side looks like, as the address of a picture.
    pub pictures: (Option<String>, Option<String>),
}

impl Row {
    fn text(kind: Kind, old: Option<String>, new: Option<String>) -> Self {
        Self { kind, old, new, icon: None, bars: None, pictures: (None, None) }
    }

    /// What kind of a row it is follows from its sides; none where neither has anything.
    fn pair(old: Option<String>, new: Option<String>) -> Option<Self> {
        let kind = match (&old, &new) {
            (None, None) => return None,
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            (old, new) if old == new => Kind::Same,
            _ => Kind::Changed,
        };
        Some(Self::text(kind, old, new))
    }

    fn same(text: &str) -> Self {
        Self::text(Kind::Same, Some(text.to_owned()), Some(text.to_owned()))
    }

    fn added(text: impl Into<String>) -> Self {
        Self::text(Kind::Added, None, Some(text.into()))
    }

    fn removed(text: impl Into<String>) -> Self {
        Self::text(Kind::Removed, Some(text.into()), None)
    }

    pub fn is_changed(&self) -> bool {
        self.kind != Kind::Same
    }

    pub fn is_new_power(&self) -> bool {
        self.kind == Kind::NewPower
    }

    /// Classes of the cells, left and right.
    pub fn looks(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Same => ("", ""),
            Kind::Added => ("nothing", "added"),
            Kind::Removed => ("removed", "nothing"),
            Kind::Changed => ("removed", "added"),
            Kind::NewPower => ("nothing", "power"),
        }
    }
}

fn group(title: &'static str, whole: Whole, rows: Vec<Row>) -> Group {
    let count = |kinds: &[Kind]| rows.iter().filter(|row| kinds.contains(&row.kind)).count();
    let told = [
        (count(&[Kind::Added, Kind::NewPower]), "added"),
        (count(&[Kind::Removed]), "removed"),
        (count(&[Kind::Changed]), "changed"),
    ];
    let words: Vec<_> = told.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let sum = if words.is_empty() { "nothing changed".to_owned() } else { words.join(", ") };
    let look = match rows.iter().any(Row::is_new_power) {
        true => "fail-ink",
        false => "soft",
    };
    let changed = rows.iter().filter(|row| row.is_changed()).count();
    Group { title, sum, look, rows, changed, hidden: 0, left_out: 0, cut: false, whole }
}

impl Group {
    fn without(self, left_out: u64, cut: bool) -> Self {
        Self { left_out, cut, ..self }
    }

    fn shortened(mut self) -> Self {
        self.hidden = self.rows.len().saturating_sub(MOST);
        self.rows.truncate(MOST);
        self
    }
}

/// `all`: every row that there is, and not only the first of each group.
pub fn of(sides: &Sides<'_>, all: bool) -> Vec<Group> {
    let groups = module::groups(sides).into_iter().chain(said::groups(sides));
    let told = groups.filter(|group| !group.rows.is_empty() || !group.is_whole());
    told.map(|group| if all { group } else { group.shortened() }).collect()
}
