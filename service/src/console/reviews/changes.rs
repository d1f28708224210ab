//! What changed since the last approved release, as two columns read it: left what stands approved, right
//! this one. Pure: it says what differs, and judges nothing but that a new power is one.
use crate::{
    console::{figures, powers},
    releases::diff::view::{LineChange, MetadataChanges, ReleaseDiff, SchemaProperty},
};
use tamis_verification::{ModuleChanges, TextChange, TextChanges};

/// Rows of a group that are shown.
const MOST: usize = 200;

pub struct Group {
    pub title: &'static str,
    /// What is new, in words, at the right of the head.
    pub sum: String,
    /// A class for the sum.
    pub look: &'static str,
    pub rows: Vec<Row>,
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
}

impl Row {
    fn text(kind: Kind, old: Option<String>, new: Option<String>) -> Self {
        Self { kind, old, new, icon: None, bars: None }
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

fn group(title: &'static str, rows: Vec<Row>) -> Group {
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
    let mut rows = rows;
    rows.truncate(MOST);
    Group { title, sum, look, rows }
}

pub fn of(diff: &ReleaseDiff) -> Vec<Group> {
    let module = &diff.module;
    let groups = [
        group("Capabilities", capabilities(module)),
        group("Imports and exports", imports(module)),
        group("Strings and URLs", [texts(&module.urls), texts(&module.strings)].concat_rows()),
        sections(module),
        group("Configuration schema", schema(&diff.metadata)),
        group("What is said of it", metadata(&diff.metadata)),
        group("README", readme(&diff.metadata)),
    ];
    groups.into_iter().filter(|group| !group.rows.is_empty()).collect()
}

trait ConcatRows {
    fn concat_rows(self) -> Vec<Row>;
}

impl<const N: usize> ConcatRows for [Vec<Row>; N] {
    fn concat_rows(self) -> Vec<Row> {
        self.into_iter().flatten().collect()
    }
}

fn capabilities(module: &ModuleChanges) -> Vec<Row> {
    let found = &module.capabilities;
    let icon = |id: &str| powers::behind(id).map(|power| power.icon);
    let same = found.unchanged.iter().map(|c| Row { icon: icon(&c.id), ..Row::same(&c.title) });
    let changed = found.changed.iter().map(|c| {
        let through = |imports: &[String]| format!("{} ({})", c.title, imports.join(", "));
        let old = if c.imports_removed.is_empty() { c.title.clone() } else { through(&c.imports_removed) };
        let new = if c.imports_added.is_empty() { c.title.clone() } else { through(&c.imports_added) };
        Row { icon: icon(&c.id), ..Row::text(Kind::Changed, Some(old), Some(new)) }
    });
    let removed = found.removed.iter().map(|c| Row { icon: icon(&c.id), ..Row::removed(&c.title) });
    let added = found.added.iter().map(|c| {
        let row = Row::added(&c.title);
        Row { icon: icon(&c.id), kind: Kind::NewPower, ..row }
    });
    added.chain(changed).chain(removed).chain(same).collect()
}

fn imports(module: &ModuleChanges) -> Vec<Row> {
    let name = |module: &str, name: &str| format!("{module}.{name}");
    let (found, exports) = (&module.imports, &module.exports);
    let mut rows: Vec<_> = found.added.iter().map(|i| Row::added(name(&i.module, &i.name))).collect();
    rows.extend(found.removed.iter().map(|i| Row::removed(name(&i.module, &i.name))));
    rows.extend(found.changed.iter().map(|i| {
        let side = |what: &str| Some(format!("{} {what}", name(&i.module, &i.name)));
        Row::text(Kind::Changed, side(&i.old), side(&i.new))
    }));
    rows.extend(exports.added.iter().map(|e| Row::added(format!("export {}", e.name))));
    rows.extend(exports.removed.iter().map(|e| Row::removed(format!("export {}", e.name))));
    rows.extend(exports.changed.iter().map(|e| {
        let side = |what: &str| Some(format!("export {} {what}", e.name));
        Row::text(Kind::Changed, side(&e.old), side(&e.new))
    }));
    rows
}

fn texts(found: &TextChanges) -> Vec<Row> {
    let added = found.added.iter().map(Row::added);
    added.chain(found.removed.iter().map(Row::removed)).collect()
}

fn sections(module: &ModuleChanges) -> Group {
    let items = &module.sections.items;
    let most = items.iter().flat_map(|s| [s.old, s.new]).flatten().max().unwrap_or(1).max(1);
    let rows = items.iter().map(|s| {
        let kind = match (s.old, s.new) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            (old, new) if old == new => Kind::Same,
            _ => Kind::Changed,
        };
        let side = |size: Option<u64>| size.map(|size| format!("{} {}", s.name, figures::size(size)));
        let width = |size: Option<u64>| size.unwrap_or(0) * 100 / most;
        Row { bars: Some((width(s.old), width(s.new))), ..Row::text(kind, side(s.old), side(s.new)) }
    });
    let made = group("Sections", rows.collect());
    let (old, new) = (module.size.old, module.size.new);
    let grown = new.abs_diff(old);
    let percent = grown * 100 / old.max(1);
    let (sum, look) = match new.cmp(&old) {
        std::cmp::Ordering::Equal => ("same size".to_owned(), "soft"),
        std::cmp::Ordering::Less => (format!("−{}, {percent} %", figures::size(grown)), "soft"),
        std::cmp::Ordering::Greater if percent >= 10 => {
            (format!("+{}, {percent} %", figures::size(grown)), "warn-ink")
        }
        std::cmp::Ordering::Greater => (format!("+{}, {percent} %", figures::size(grown)), "soft"),
    };
    Group { sum, look, ..made }
}

fn schema(said: &MetadataChanges) -> Vec<Row> {
    let line = |p: &SchemaProperty| {
        let required = if p.required { ", required" } else { "" };
        format!("{}: {}{required}", p.path, p.kind)
    };
    let found = &said.config_schema;
    let mut rows: Vec<_> = found.added.iter().map(|p| Row::added(line(p))).collect();
    rows.extend(found.removed.iter().map(|p| Row::removed(line(p))));
    let altered = |old: &SchemaProperty, new: &SchemaProperty| {
        Row::text(Kind::Changed, Some(line(old)), Some(line(new)))
    };
    rows.extend(found.altered.iter().map(|p| altered(&p.old, &p.new)));
    rows
}

fn metadata(said: &MetadataChanges) -> Vec<Row> {
    let mut rows = vec![];
    let mut line = |name: &str, change: &TextChange| {
        if change.old != change.new {
            let side = |text: &Option<String>| text.as_ref().map(|text| format!("{name}: {text}"));
            let kind = match (&change.old, &change.new) {
                (None, _) => Kind::Added,
                (_, None) => Kind::Removed,
                _ => Kind::Changed,
            };
            rows.push(Row::text(kind, side(&change.old), side(&change.new)));
        }
    };
    let kind = |kind: Option<tamis_entities::value::PluginType>| kind.map(|k| k.as_str().to_owned());
    let types = TextChange { old: kind(said.plugin_type.old), new: kind(said.plugin_type.new) };
    line("Summary", &said.summary);
    line("Type", &types);
    line("Licence", &said.licence);
    line("Root id", &said.root_id);
    line("Source commit", &said.source_commit);
    rows.extend(said.environment_keys.added.iter().map(|k| Row::added(format!("Environment: {k}"))));
    rows.extend(said.environment_keys.removed.iter().map(|k| Row::removed(format!("Environment: {k}"))));
    if said.config_sample_changed {
        let text = || Some("Sample configuration".to_owned());
        rows.push(Row::text(Kind::Changed, text(), text()));
    }
    rows
}

fn readme(said: &MetadataChanges) -> Vec<Row> {
    let line = |change: LineChange, text: &String| match change {
        LineChange::Same => Row::same(text),
        LineChange::Added => Row::added(text),
        LineChange::Removed => Row::removed(text),
        LineChange::Gap => Row::same(&format!("… {text} lines that both have")),
    };
    said.readme.lines.iter().map(|l| line(l.change, &l.text)).collect()
}
