//! Mutants of how numbers are written in the limits of memories and tables: the same value in more bytes.

use super::Outcome::{Loads, Refuses};
use super::draft::Draft;
use super::{Mutant, leb, section};

const IMPORT: u8 = 2;
const TABLE: u8 = 4;
const MEMORY: u8 = 5;

pub fn limits(all: &mut Vec<Mutant>) {
    for (bytes, outcome) in [(2, Loads), (5, Loads), (6, Refuses), (10, Refuses)] {
        let mut case = |name: &str, outcome, id, draft: Draft, is: &[u8], becomes: Vec<u8>| {
            let bytes_of = rewritten(&draft.bytes(), id, is, &becomes);
            all.push(Mutant::new(format!("{name} in {bytes} bytes"), bytes_of, outcome));
        };
        let with = |more: &str| Draft::good().with(|draft| draft.more = more.to_owned());
        let one = long(1, bytes);
        let least = [vec![1], one.clone(), vec![100]].concat();
        case("least memory", outcome, MEMORY, Draft::good(), &[1, 1, 100], least);
        let most = [vec![1, 1], long(100, bytes)].concat();
        case("most memory", outcome, MEMORY, Draft::good(), &[1, 1, 100], most);
        let table = with("(table 1 9 funcref)");
        case("least table", outcome, TABLE, table.clone(), &[0x70, 1, 1, 9], cat(&[0x70, 1], &one, &[9]));
        case("most table", outcome, TABLE, table, &[0x70, 1, 1, 9], cat(&[0x70, 1, 1], &long(9, bytes), &[]));
        let imported = Draft::good().with(|draft| {
            draft.imports = "(import \"env\" \"t\" (table 1 9 funcref))".to_owned();
        });
        case("imported table", outcome, IMPORT, imported, &[0x70, 1, 1, 9], cat(&[0x70, 1], &one, &[9]));
        let wide = with("(table i64 1 9 funcref)");
        case("64-bit table", Loads, TABLE, wide, &[0x70, 5, 1, 9], cat(&[0x70, 5], &one, &[9]));
    }
}

fn cat(before: &[u8], number: &[u8], after: &[u8]) -> Vec<u8> {
    [before, number, after].concat()
}

/// The value in so many bytes.
fn long(value: u8, bytes: usize) -> Vec<u8> {
    let mut out = vec![0x80; bytes];
    out[0] |= value;
    out[bytes - 1] = 0;
    out
}

/// The module with the first such bytes of this section replaced.
fn rewritten(module: &[u8], id: u8, is: &[u8], becomes: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (module[..8].to_vec(), &module[8..]);
    while let [of, after @ ..] = rest {
        let mut size = 0;
        let digits = after.iter().position(|byte| byte & 0x80 == 0).expect("a size") + 1;
        for (at, byte) in after[..digits].iter().enumerate() {
            size |= usize::from(byte & 0x7f) << (7 * at);
        }
        let (body, next) = after[digits..].split_at(size);
        match body.windows(is.len()).position(|window| window == is) {
            Some(at) if *of == id => {
                out.extend(section(id, &[&body[..at], becomes, &body[at + is.len()..]].concat()));
            }
            _ => out.extend([&[*of][..], &leb(size), body].concat()),
        }
        rest = next;
    }
    assert_ne!(out, module, "nothing to replace in section {id}");
    out
}
