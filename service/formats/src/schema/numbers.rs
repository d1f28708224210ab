//! Bounds of numbers.
use super::{
    Told,
    faults::{At, Faults},
    wrong,
};
use serde_json::{Map, Number, Value};
use std::cmp::Ordering;

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

pub fn equal(a: &Number, b: &Number) -> bool {
    compare(a, b) == Some(Ordering::Equal)
}

pub fn is_whole(number: &Number) -> bool {
    whole(number).is_some() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
}

pub fn check(k: &Map<String, Value>, number: &Number, at: &At<'_>, faults: &mut Faults) -> Told {
    use Ordering::{Equal, Greater, Less};
    let rules: [(&str, &[Ordering], &str); 4] = [
        ("minimum", &[Greater, Equal], "at least"),
        ("exclusiveMinimum", &[Greater], "more than"),
        ("maximum", &[Less, Equal], "at most"),
        ("exclusiveMaximum", &[Less], "less than"),
    ];
    for (word, fine, said) in rules {
        let Some(bound) = k.get(word) else { continue };
        let Value::Number(bound) = bound else { return Err(wrong(word)) };
        if !compare(number, bound).is_some_and(|order| fine.contains(&order)) {
            faults.add(at, format_args!("must be {said} {bound}"));
        }
    }
    let Some(step) = k.get("multipleOf") else { return Ok(()) };
    let step = step
        .as_number()
        .filter(|n| n.as_f64().is_some_and(|n| n > 0.0))
        .ok_or_else(|| wrong("multipleOf"))?;
    let fine = match (whole(number), whole(step)) {
        (Some(number), Some(step)) => number % step == 0,
        _ => {
            let times = number.as_f64().unwrap_or(f64::NAN) / step.as_f64().unwrap_or(f64::NAN);
            (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
        }
    };
    if !fine {
        faults.add(at, format_args!("must be a multiple of {step}"));
    }
    Ok(())
}
