//! Pieces and a price in cents, as "12 x 250": the bill as text, with a number that goes up.
use extism_pdk::*;

#[host_fn]
extern "ExtismHost" {
    fn discount(pieces: String) -> String;
}

#[plugin_fn]
pub fn receipt(order: String) -> FnResult<String> {
    let (pieces, cents) = order
        .split_once(" x ")
        .and_then(|(pieces, cents)| Some((pieces.parse::<i64>().ok()?, cents.parse::<i64>().ok()?)))
        .ok_or_else(|| Error::msg("Expected \"pieces x cents\""))?;
    let percent: i64 = unsafe { discount(pieces.to_string())? }.parse()?;
    let number = var::get::<i64>("number")?.unwrap_or(0) + 1;
    var::set("number", number)?;
    let currency = config::get("currency")?.unwrap_or_default();
    let total = pieces * cents * (100 - percent) / 100;
    Ok(format!("No. {number}: {}.{:02} {currency}", total / 100, total % 100))
}

#[plugin_fn]
pub fn hang(_: ()) -> FnResult<()> {
    loop {
        std::hint::black_box(());
    }
}
