//! Numbers in JSON: integers, decimals, and either as text.

use crate::reader::Value;
use crate::schema::Kind;

/// A parsed JSON number.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

impl Number {
    /// Parses a number written as text: digits, a JSON number, or one of protobuf's three names.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Unsigned(number));
        }
        if let Ok(number) = text.parse() {
            return Some(Self::Signed(number));
        }
        Some(Self::Float(match text {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            // Rust also parses "inf" and "nan", and 1e999 as infinite.
            _ => text.parse().ok().filter(|number: &f64| number.is_finite())?,
        }))
    }

    /// Converts the number to the wire value of a field kind; `None` if out of range.
    pub(super) fn of_kind(self, kind: Kind) -> Option<Value<'static>> {
        Some(match kind {
            Kind::Double => Value::Fixed64(self.double().to_bits()),
            Kind::Fixed64 => Value::Fixed64(self.integer()?),
            Kind::Sfixed64 => Value::Fixed64(self.integer::<i64>()?.cast_unsigned()),
            Kind::Fixed32 => Value::Fixed32(self.integer()?),
            Kind::Uint32 => Value::Varint(self.integer::<u32>()?.into()),
            Kind::Uint64 => Value::Varint(self.integer()?),
            // Negative numbers have 64 bits on the wire, whatever their type.
            Kind::Int32 | Kind::Enum(_) => Value::Varint(i64::from(self.integer::<i32>()?).cast_unsigned()),
            Kind::Int64 => Value::Varint(self.integer::<i64>()?.cast_unsigned()),
            // Zigzag encoding: the sign is the lowest bit.
            Kind::Sint32 => {
                let number: i32 = self.integer()?;
                Value::Varint((number << 1 ^ number >> 31).cast_unsigned().into())
            }
            Kind::String | Kind::Bytes | Kind::Id | Kind::Bool | Kind::Message(_) => return None,
        })
    }

    fn integer<T: TryFrom<i128>>(self) -> Option<T> {
        let whole = match self {
            Self::Unsigned(number) => number.into(),
            Self::Signed(number) => number.into(),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "values over 128 bits saturate, which is out of range for every kind"
            )]
            Self::Float(number) if number.fract() == 0.0 => number as i128,
            Self::Float(_) => return None,
        };
        T::try_from(whole).ok()
    }

    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
    const fn double(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}
