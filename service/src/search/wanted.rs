//! What both engines are asked for, in words alone.

/// What the engine shall find: of each group at least one word.
#[derive(Clone)]
pub struct Wanted<'a> {
    pub groups: Vec<Vec<&'a str>>,
    /// The first word of the last group may be the start of a longer one.
    pub open_end: bool,
    /// Only in namespace, name, title and labels.
    pub head: bool,
}
