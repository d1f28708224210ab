//! Short spellings for the column types that SQLite and PostgreSQL share. A step that
//! needs another type writes it out; these never change.
use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, boolean, json_binary, json_binary_null, string, string_null, text,
        text_null, uuid,
    },
};

/// A column by its type letter and name: `u` uuid, `s` short text, `t` text, `i` 64-bit integer,
/// `b` boolean, `j` JSON; an upper-case letter may be null.
pub fn column(kind: char, name: &'static str) -> ColumnDef {
    match kind {
        'u' => uuid(name),
        'U' => ColumnDef::new(name).uuid().null().take(),
        's' => string(name),
        'S' => string_null(name),
        't' => text(name),
        'T' => text_null(name),
        'j' => json_binary(name),
        'J' => json_binary_null(name),
        'b' => boolean(name),
        'I' => big_integer_null(name),
        _ => big_integer(name),
    }
}

/// A table from a list such as `["u id", "s handle", "I expires_at"]`.
pub fn table(name: &'static str, columns: &[&'static str], key: &[&'static str]) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for spec in columns {
        let (kind, name) = spec.split_at(1);
        table.col(column(kind.chars().next().unwrap_or('t'), name.trim_start()));
    }
    let mut primary = Index::create();
    for part in key {
        primary.col(*part);
    }
    table.primary_key(&mut primary);
    table
}

pub fn references(
    table: &mut TableCreateStatement,
    from: (&'static str, &'static str),
    to: &'static str,
    on_delete: ForeignKeyAction,
) {
    table.foreign_key(ForeignKey::create().from(from.0, from.1).to(to, "id").on_delete(on_delete));
}

pub fn index(table: &'static str, columns: &[&'static str], unique: bool) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{}_{}_{}", if unique { "uq" } else { "ix" }, table, columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    index
}
