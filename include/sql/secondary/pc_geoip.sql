-- Each address is cut to the lengths of prefix there are and looked up by equality, not compared with every network.
WITH people AS (
  SELECT
    person.username,
    NET.SAFE_IP_FROM_STRING(person.modal_ip) AS address,
  FROM
    secondary.pc_modal_ip AS person
  WHERE
    person.modal_ip IS NOT NULL
),

addresses AS (
  SELECT DISTINCT people.address,
  FROM
    people
  WHERE
    people.address IS NOT NULL
),

prefixes AS (
  SELECT DISTINCT network.prefix,
  FROM
    reference.geoip_networks AS network
),

tried AS (
  SELECT
    addresses.address,
    prefixes.prefix,
    -- An IPv4 address has no more than 32 bits to cut; beyond that it is an error.
    CASE
      WHEN prefixes.prefix <= 8 * BYTE_LENGTH(addresses.address)
        THEN TO_HEX(NET.IP_TRUNC(addresses.address, prefixes.prefix))
    END AS start,
  FROM
    addresses
  CROSS JOIN prefixes
),

found AS (
  SELECT
    tried.address,
    network.country,
    network.city,
    network.latitude,
    network.longitude,
    network.region_code,
    network.subdivision,
    network.postalCode,
    -- Of networks within one another the smallest.
    ROW_NUMBER() OVER (
      PARTITION BY tried.address
      ORDER BY network.prefix DESC
    ) AS place,
  FROM
    tried
  INNER JOIN reference.geoip_networks AS network
    ON
      tried.prefix = network.prefix
      AND tried.start = network.start
)

SELECT
  @course_id AS course_id,
  people.username,
  found.country,
  country.name AS countryLabel,
  found.city,
  found.latitude,
  found.longitude,
  found.region_code,
  found.subdivision,
  found.postalCode,
  country.continent,
  country.un_region,
  country.econ_group,
  country.developing_nation,
  country.special_region1,
FROM
  people
INNER JOIN found
  ON
    people.address = found.address
    AND found.place = 1
LEFT JOIN reference.countries AS country
  ON found.country = country.cc
