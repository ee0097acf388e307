-- Every date that was ever judged: upstream had it then.
SELECT DISTINCT transition, partition_date
FROM `${ledger}.verdicts`
WHERE transition IN UNNEST(SPLIT(@names)) AND condition IS NOT NULL
