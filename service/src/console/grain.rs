//! The grain: the picture of a module. Which dots of the sieve are large comes from the digest, the hue from
//! the namespace. An aid to memory, never proof; the digest is always near. Pure.
use askama::filters::Safe;
use std::fmt::Write;
use tamis_entities::value::Sha256;

/// As many as the style has.
const HUES: u32 = 12;

/// The hue class of a namespace or a person; the same everywhere.
pub fn hue(name: &str) -> u32 {
    // FNV-1a: small, and the same for ever.
    let mixed = name.bytes().fold(2_166_136_261_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(16_777_619));
    (mixed >> 8) % HUES
}

/// The places of the dots: a hexagonal lattice within the round frame.
fn lattice() -> impl Iterator<Item = (f32, f32)> {
    let rows = (-3_i16..=3).flat_map(|row| {
        let shift = if row % 2 == 0 { 0.0 } else { 2.6 };
        (-4_i16..=4).map(move |column| (f32::from(column) * 5.2 + shift, f32::from(row) * 4.6))
    });
    rows.filter(|(x, y)| x.hypot(*y) < 17.0).map(|(x, y)| (22.0 + x, 22.0 + y))
}

/// `size` is a class of the style: `big`, `small`, `tiny` or nothing. Hidden from screen readers: the name is beside it.
pub fn grain(digest: &Sha256, namespace: &str, size: &str) -> Safe<String> {
    let bytes = digest.bytes();
    let (mut on, mut off) = (String::new(), String::new());
    for (i, (x, y)) in lattice().enumerate() {
        let large = bytes[i % 32].rotate_right(u32::try_from(i / 32).unwrap_or(0) * 3) % 16 < 7;
        // A line of no length with a round end is a dot.
        let _ = write!(if large { &mut on } else { &mut off }, "M{x:.1} {y:.1}h0");
    }
    Safe(format!(
        "<svg class=\"grain {size} h{}\" viewBox=\"0 0 44 44\" aria-hidden=\"true\"><circle cx=\"22\" cy=\"22\" r=\"21\"/>\
         <path class=\"off\" d=\"{off}\"/><path class=\"on\" d=\"{on}\"/></svg>",
        hue(namespace)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_have_the_same_grain_and_others_another() {
        let of = |bytes: &[u8]| grain(&Sha256::of(bytes), "edge", "").0;
        assert_eq!(of(b"a"), of(b"a"));
        let mut seen: Vec<_> = (0..200_u8).map(|i| of(&[i])).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 200);
    }
}
