"""marts"""

from alembic import op

revision = "0010"
down_revision = "0009"

# What a card leaves out has its usual value: see the contract Job.
_VIEWS = {
    "jobs": """
SELECT replace(job.hash_key::text, '-', '') AS hash_key,
       replace(coalesce(job_cluster.cluster_id, job.hash_key)::text, '-', '') AS cluster_id,
       job.title, coalesce(nullif(card->>'display_title', ''), job.title) AS display_title, job.company,
       replace(job.company_key::text, '-', '') AS company_key,
       card->>'source' AS source, card->>'source_job_id' AS source_job_id,
       card->>'url' AS url, card->>'apply_url' AS apply_url,
       coalesce(card->>'state', CASE WHEN job.closed THEN 'closed' ELSE 'open' END) AS state,
       (card->>'state_since')::timestamptz AS state_since, job.closed AS is_over,
       job.remote_type, job.seniority, ARRAY(SELECT jsonb_array_elements_text(card->'employment_types')) AS employment_types,
       ARRAY(SELECT jsonb_array_elements_text(card->'skills')) AS skills, ARRAY(SELECT jsonb_array_elements_text(card->'benefits')) AS benefits,
       (card->'salary'->>'yearly_minimum')::bigint AS salary_yearly_minimum,
       (card->'salary'->>'yearly_maximum')::bigint AS salary_yearly_maximum,
       card->'salary'->>'currency' AS salary_currency,
       (card->'salary'->>'reference_minimum')::bigint AS salary_reference_minimum,
       (card->'salary'->>'reference_maximum')::bigint AS salary_reference_maximum,
       card->'salary'->>'reference_currency' AS salary_reference_currency,
       (card->'salary'->>'rate_date')::date AS salary_rate_date, card->'salary'->>'text' AS salary_text,
       (card->>'years_minimum')::integer AS years_minimum, (card->>'years_maximum')::integer AS years_maximum,
       card->>'degree' AS degree, (card->>'degree_required')::boolean AS degree_required,
       card->>'language' AS language, card->>'visa' AS visa,
       card->'occupation'->>'title' AS occupation, card->'occupation'->>'isco_code' AS isco_code,
       card->'occupation'->>'onet_code' AS onet_code, card->'occupation'->>'esco_uri' AS esco_uri,
       (card->'occupation'->>'confidence')::double precision AS occupation_confidence,
       card->>'company_size' AS company_size, card->>'summary' AS summary,
       job.posted_at, job.first_seen_at, job.updated_at, job.version, card->>'rules_version' AS rules_version
  FROM gateway.job LEFT JOIN gateway.job_cluster USING (hash_key)""",
    "job_places": """
SELECT replace(hash_key::text, '-', '') AS hash_key, place_idx::integer - 1 AS place_idx,
       place->>'text' AS text, place->>'city' AS city, place->>'region' AS region, place->>'country' AS country,
       (place->>'latitude')::numeric(9, 6) AS latitude, (place->>'longitude')::numeric(9, 6) AS longitude
  FROM gateway.job, jsonb_array_elements(card->'places') WITH ORDINALITY AS placed (place, place_idx)""",
    "job_skills": """
SELECT replace(hash_key::text, '-', '') AS hash_key, skill
  FROM gateway.job, jsonb_array_elements_text(card->'skills') AS skill""",
    "companies": """
SELECT replace(company_key::text, '-', '') AS company_key, card->>'name' AS name, card->>'size' AS size,
       (card->>'rating')::double precision AS rating, (card->>'reviews')::integer AS reviews,
       card->>'industry' AS industry, card->>'domain' AS domain, card->>'website' AS website,
       card->>'location' AS location, card->>'revenue' AS revenue, version
  FROM gateway.company""",
    "rankings": """
SELECT ranking.campaign_id, campaign_name, replace(hash_key::text, '-', '') AS hash_key,
       score / 100.0 AS score, as_of, rules_version
  FROM gateway.ranking JOIN gateway.campaign USING (campaign_id) JOIN gateway.factor_set USING (factor_set)
 WHERE deleted_at IS NULL""",
    "ranking_factors": """
SELECT ranking.campaign_id, replace(hash_key::text, '-', '') AS hash_key, factor, point / 100.0 AS points
  FROM gateway.ranking JOIN gateway.campaign USING (campaign_id) JOIN gateway.factor_set USING (factor_set),
       unnest(factors, points) AS explained (factor, point)
 WHERE deleted_at IS NULL""",
    "runs": """
SELECT run.run_id, run.kind, run.campaign_id, run.campaign_name, run.trigger, run.state, run.gate,
       run.requested_at, run.completed_at, coalesce(sum(unit.fetched), 0)::bigint AS fetched,
       coalesce(sum((unit.counts->>'new')::bigint), 0)::bigint AS new,
       coalesce(sum((unit.counts->>'updated')::bigint), 0)::bigint AS updated,
       coalesce(sum((unit.counts->>'unchanged')::bigint), 0)::bigint AS unchanged,
       coalesce(sum((unit.counts->>'duplicate')::bigint), 0)::bigint AS duplicate,
       coalesce(sum((unit.counts->>'rejected')::bigint), 0)::bigint AS rejected,
       coalesce(sum((unit.counts->>'failed')::bigint), 0)::bigint AS failed
  FROM gateway.run LEFT JOIN gateway.unit USING (run_id)
 GROUP BY run.run_id""",
}


def upgrade() -> None:
    for name, query in _VIEWS.items():
        op.execute(f"CREATE VIEW marts.{name} AS{query}")


def downgrade() -> None:
    for name in _VIEWS:
        op.execute(f"DROP VIEW marts.{name}")
