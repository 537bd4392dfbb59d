// Which learner answers for a modality and method?
// params: modality, method
MATCH (l:Learner {modality: $modality, method: $method})
WHERE l.default
RETURN l.id AS id, l.kind AS kind, l.modality AS modality, l.method AS method,
       l.trained AS trained, l.config AS config, l.metrics AS metrics,
       l.artifact AS artifact, l.sha256 AS sha256, l.default AS default
ORDER BY trained DESC
LIMIT 1
