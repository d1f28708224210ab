//! What the bytes differ in.
use super::{Group, Kind, Row, Sides, Whole, group};
use crate::console::{figures, powers};
use std::cmp::Ordering;
use tamis_verification::{FunctionFacts, ModuleChanges, TextChange, TextChanges};

pub fn groups(sides: &Sides<'_>) -> Vec<Group> {
    let module = sides.module;
    let of = |title, rows| group(title, Whole::Module, rows);
    let (imports_cut, exports_cut) = (module.imports.cut, module.exports.cut);
    vec![
        of("Capabilities", capabilities(module, sides.old.is_none())),
        of("Imports and exports", imports(module))
            .without(module.imports.left_out + module.exports.left_out, imports_cut || exports_cut),
        of("Strings and URLs", texts(&module.urls).chain(texts(&module.strings)).collect())
            .without(module.urls.left_out + module.strings.left_out, module.urls.cut || module.strings.cut),
        sections(module).without(module.sections.left_out, module.sections.cut),
        of("Functions and build", build(module, sides.old.is_none())),
    ]
}

/// Where nothing was approved before, no power is newer than another.
fn capabilities(module: &ModuleChanges, is_first: bool) -> Vec<Row> {
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
    let kind = if is_first { Kind::Added } else { Kind::NewPower };
    let added = found.added.iter().map(|c| Row { icon: icon(&c.id), kind, ..Row::added(&c.title) });
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

fn texts(found: &TextChanges) -> impl Iterator<Item = Row> + '_ {
    found.added.iter().map(Row::added).chain(found.removed.iter().map(Row::removed))
}

fn sections(module: &ModuleChanges) -> Group {
    let items = &module.sections.items;
    let most = items.iter().flat_map(|s| [s.old, s.new]).flatten().max().unwrap_or(1).max(1);
    let rows = items.iter().filter_map(|s| {
        let side = |size: Option<u64>| size.map(|size| format!("{} {}", s.name, figures::size(size)));
        let width = |size: Option<u64>| size.unwrap_or(0) * 100 / most;
        let row = Row::pair(side(s.old), side(s.new))?;
        // Sizes may differ by less than their figures show.
        let kind = if row.kind == Kind::Same && s.old != s.new { Kind::Changed } else { row.kind };
        Some(Row { kind, bars: Some((width(s.old), width(s.new))), ..row })
    });
    let (sum, look) = growth(module.size.old, module.size.new);
    Group { sum, look, ..group("Sections", Whole::Module, rows.collect()) }
}

fn growth(old: u64, new: u64) -> (String, &'static str) {
    let grown = new.abs_diff(old);
    let percent = grown * 100 / old.max(1);
    match new.cmp(&old) {
        _ if old == 0 => (figures::size(new), "soft"),
        Ordering::Equal => ("same size".to_owned(), "soft"),
        Ordering::Less => (format!("−{}, {percent} %", figures::size(grown)), "soft"),
        Ordering::Greater => {
            let look = if percent >= 10 { "warn-ink" } else { "soft" };
            (format!("+{}, {percent} %", figures::size(grown)), look)
        }
    }
}

fn build(module: &ModuleChanges, is_first: bool) -> Vec<Row> {
    let functions = |facts: &FunctionFacts| {
        let plural = if facts.count == 1 { "" } else { "s" };
        format!("{} function{plural}, {} of code", facts.count, figures::size(facts.code_bytes))
    };
    let old = (!is_first).then(|| functions(&module.functions.old));
    let named = |name: &str, change: &TextChange| {
        let side = |text: &Option<String>| text.as_ref().map(|text| format!("{name} {text}"));
        Row::pair(side(&change.old), side(&change.new))
    };
    let rows = [
        Row::pair(old, Some(functions(&module.functions.new))),
        named("ABI", &module.abi_version),
        named("Built with", &module.toolchain),
    ];
    rows.into_iter().flatten().collect()
}
