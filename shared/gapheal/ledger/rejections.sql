-- Events that could not be used, and the words that one was replayed (those have no raw), newest first.
SELECT transition, observed_at, SUBSTR(raw, 1, @characters) AS raw, BYTE_LENGTH(raw) AS bytes, error, message_id,
  publish_time
FROM `${ledger}.rejections`
WHERE recorded_at >= @recorded_since AND observed_at BETWEEN @since AND @until
ORDER BY observed_at DESC, recorded_at DESC
