//! What each keyword asks of a value; numbers are next door.
use super::{
    Check, Told, count,
    faults::{At, Faults, Kinds, unknown},
    list, named, numbers, wrong,
};
use serde_json::{Map, Value};

type Keywords = Map<String, Value>;

fn is_kind(value: &Value, kind: &str) -> Told<bool> {
    Ok(match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_number().is_some_and(numbers::is_whole),
        _ => return Err(unknown(format_args!("the schema names the type `{kind}`, which is none"))),
    })
}

impl Check<'_> {
    pub(super) fn kind(&mut self, k: &Keywords, value: &Value, at: At<'_>, faults: &mut Faults) -> Told {
        if let Some(kinds) = k.get("type") {
            let kinds = kinds.as_array().map_or(std::slice::from_ref(kinds), Vec::as_slice);
            let mut found = false;
            self.pay(kinds.len())?;
            for kind in kinds {
                found |= is_kind(value, kind.as_str().ok_or_else(|| wrong("type"))?)?;
            }
            if !found {
                faults.add(&at, format_args!("must be of type {}", Kinds(kinds)));
            }
        }
        if let Some(only) = k.get("const")
            && !self.same(only, value)?
        {
            faults.add(&at, format_args!("must be {only}"));
        }
        if k.contains_key("enum") {
            let mut found = false;
            for one in list(k, "enum")? {
                if self.same(one, value)? {
                    found = true;
                    break;
                }
            }
            if !found {
                faults.add(&at, "is none of the values that are allowed");
            }
        }
        Ok(())
    }

    pub(super) fn logic(&mut self, k: &Keywords, value: &Value, at: At<'_>, faults: &mut Faults) -> Told {
        for schema in list(k, "allOf")? {
            self.evaluate(schema, value, at, faults)?;
        }
        for (word, asks) in [("anyOf", "must fit at least one"), ("oneOf", "must fit exactly one")] {
            let mut fitting = 0;
            for schema in list(k, word)? {
                fitting += usize::from(self.fits(schema, value)?);
            }
            if k.contains_key(word) && !(fitting == 1 || word == "anyOf" && fitting > 1) {
                faults.add(&at, format_args!("{asks} of the choices of the schema, and fits {fitting}"));
            }
        }
        if let Some(schema) = k.get("not")
            && self.fits(schema, value)?
        {
            faults.add(&at, "has a shape that is not allowed");
        }
        if let Some(schema) = k.get("if") {
            let next = if self.fits(schema, value)? { "then" } else { "else" };
            if let Some(schema) = k.get(next) {
                self.evaluate(schema, value, at, faults)?;
            }
        }
        Ok(())
    }

    pub(super) fn object(
        &mut self,
        k: &Keywords,
        (value, members): (&Value, &Keywords),
        at: At<'_>,
        faults: &mut Faults,
    ) -> Told {
        bounds(k, ["minProperties", "maxProperties"], members.len(), "members", at, faults)?;
        for name in list(k, "required")? {
            let name = name.as_str().ok_or_else(|| wrong("required"))?;
            self.pay(1 + name.len() / 64)?;
            if !members.contains_key(name) {
                faults.add(&at, format_args!("must have `{name}`"));
            }
        }
        self.dependent(k, (value, members), at, faults)?;
        let (properties, patterns) = (named(k, "properties")?, named(k, "patternProperties")?);
        const OF_EACH: [&str; 4] =
            ["properties", "patternProperties", "additionalProperties", "propertyNames"];
        if !OF_EACH.iter().any(|word| k.contains_key(*word)) {
            return Ok(());
        }
        for (name, member) in members {
            self.pay(1 + name.len() / 64)?;
            let place = at.member(name);
            let mut known = false;
            if let Some(schema) = properties.and_then(|all| all.get(name)) {
                known = true;
                self.evaluate(schema, member, place, faults)?;
            }
            for (pattern, schema) in patterns.into_iter().flatten() {
                if self.matches(pattern, name)? {
                    known = true;
                    self.evaluate(schema, member, place, faults)?;
                }
            }
            if let Some(schema) = k.get("additionalProperties").filter(|_| !known) {
                self.evaluate(schema, member, place, faults)?;
            }
            if let Some(schema) = k.get("propertyNames") {
                self.evaluate(schema, &Value::from(name.as_str()), place, faults)?;
            }
        }
        Ok(())
    }

    /// What a member asks for beside itself; `dependencies` is the older word for both.
    fn dependent(
        &mut self,
        k: &Keywords,
        (value, members): (&Value, &Keywords),
        at: At<'_>,
        faults: &mut Faults,
    ) -> Told {
        for word in ["dependentRequired", "dependentSchemas", "dependencies"] {
            for (name, asked) in named(k, word)?.into_iter().flatten() {
                self.pay(1 + name.len() / 64)?;
                if !members.contains_key(name) {
                    continue;
                }
                let Some(others) = asked.as_array() else {
                    self.evaluate(asked, value, at, faults)?;
                    continue;
                };
                for other in others.iter().filter_map(Value::as_str) {
                    self.pay(1 + other.len() / 64)?;
                    if !members.contains_key(other) {
                        faults.add(&at, format_args!("must have `{other}` where it has `{name}`"));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn array(&mut self, k: &Keywords, items: &[Value], at: At<'_>, faults: &mut Faults) -> Told {
        bounds(k, ["minItems", "maxItems"], items.len(), "items", at, faults)?;
        // Older drafts have the list in `items` and the rest in `additionalItems`.
        let old = k.get("items").and_then(Value::as_array);
        let first = old.map_or_else(|| list(k, "prefixItems"), |list| Ok(list.as_slice()))?;
        let rest = if old.is_some() { k.get("additionalItems") } else { k.get("items") };
        for (n, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(n).or(rest) {
                self.evaluate(schema, item, at.item(n), faults)?;
            }
        }
        if let Some(schema) = k.get("contains") {
            let mut found = 0;
            for item in items {
                found += usize::from(self.fits(schema, item)?);
            }
            let (least, most) = (count(k, "minContains")?.unwrap_or(1), count(k, "maxContains")?);
            if found < least || most.is_some_and(|most| found > most) {
                faults.add(
                    &at,
                    format_args!("has {found} items of a kind of which the schema asks for another number"),
                );
            }
        }
        if k.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (n, item) in items.iter().enumerate() {
                for earlier in &items[..n] {
                    if self.same(item, earlier)? {
                        faults.add(&at.item(n), "is there twice");
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn text(&mut self, k: &Keywords, text: &str, at: At<'_>, faults: &mut Faults) -> Told {
        if k.contains_key("minLength") || k.contains_key("maxLength") {
            self.pay(text.len() / 64)?;
            bounds(k, ["minLength", "maxLength"], text.chars().count(), "characters", at, faults)?;
        }
        let Some(pattern) = k.get("pattern") else { return Ok(()) };
        let pattern = pattern.as_str().ok_or_else(|| wrong("pattern"))?;
        if !self.matches(pattern, text)? {
            faults.add(&at, format_args!("must match `{pattern}`"));
        }
        Ok(())
    }
}

fn bounds(
    k: &Keywords,
    [least, most]: [&str; 2],
    has: usize,
    what: &str,
    at: At<'_>,
    faults: &mut Faults,
) -> Told {
    if let Some(least) = count(k, least)?.filter(|least| has < *least) {
        faults.add(&at, format_args!("must have at least {least} {what}"));
    }
    if let Some(most) = count(k, most)?.filter(|most| has > *most) {
        faults.add(&at, format_args!("must have at most {most} {what}"));
    }
    Ok(())
}
