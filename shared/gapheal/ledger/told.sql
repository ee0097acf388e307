-- What people were last told of a transition, or ('') of the pipeline as a whole: the newest row says all of it.
SELECT TO_JSON_STRING(STRUCT(n AS n, state AS state)) AS fact
FROM `${ledger}.alerts`
WHERE IFNULL(transition, '') = @transition
ORDER BY n DESC, step DESC
LIMIT 1
