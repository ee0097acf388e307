-- Dates of one table go back to what they were at earlier moments: all of them, or none.
-- What they were is copied first: no statement may read a table at two moments. What was shown to a person is counted
-- again inside the transaction; where it is not so any more, nothing is changed.
DECLARE untouched, restored BOOL;
${copies}
BEGIN TRANSACTION;
SET untouched = ${as_seen};
DELETE FROM `${table}`
WHERE ${within};
${inserts}
SET restored = ${as_it_was};
IF untouched AND restored THEN
  COMMIT TRANSACTION;
ELSE
  ROLLBACK TRANSACTION;
END IF;
SELECT untouched, restored;
