// Which mark did somebody leave here last?
// params:
MATCH (z:Zoo {id: 'zoo'}) WHERE z.probe IS NOT NULL RETURN z.probe AS probe
