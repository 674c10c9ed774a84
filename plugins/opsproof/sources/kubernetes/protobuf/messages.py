"""Where the kept fields stand in the API's messages: one line a message, `field=number`.

A field has its name in JSON. Behind the number, where the fact's type does not tell it: the message of its
value; `?` for a number that may be absent although the fact always has one; `~` for what mostly comes again: a
text, which memory then holds once, or a message that never is empty, which is read once. `1.2` is a field of a
message that JSON does not show.
"""

from __future__ import annotations

from collections.abc import Mapping

MESSAGES: Mapping[str, str] = {
    # meta/v1
    "ObjectMeta": "name=1 namespace=3~ uid=5 generation=7 creationTimestamp=8 deletionTimestamp=9 "
    "deletionGracePeriodSeconds=10 labels=11 annotations=12 ownerReferences=13:OwnerReference~",
    "OwnerReference": "kind=1~ name=3~ uid=4 controller=6",
    "LabelSelector": "matchLabels=1 matchExpressions=2:LabelSelectorRequirement",
    "LabelSelectorRequirement": "key=1 operator=2 values=3",
    "Condition": "type=1 status=2 lastTransitionTime=4 reason=5",
    # core/v1: pods
    "Pod": "metadata=1:ObjectMeta spec=2:PodSpec status=3:PodStatus",
    "PodTemplateSpec": "metadata=1:ObjectMeta spec=2:PodSpec",
    "PodSpec": "volumes=1:Volume containers=2:Container restartPolicy=3~ terminationGracePeriodSeconds=4 "
    "nodeSelector=7 nodeName=10~ hostNetwork=11 affinity=18:Affinity initContainers=20:Container "
    "tolerations=22:Toleration~ priorityClassName=24 priority=25 overhead=32 "
    "topologySpreadConstraints=33:TopologySpreadConstraint~ resources=40:ResourceRequirements~",
    "Affinity": "nodeAffinity=1:NodeAffinity podAffinity=2:PodAffinity podAntiAffinity=3:PodAntiAffinity",
    "NodeAffinity": "requiredDuringSchedulingIgnoredDuringExecution=1:NodeSelector",
    "NodeSelector": "nodeSelectorTerms=1:NodeSelectorTerm",
    "NodeSelectorTerm": "matchExpressions=1:NodeSelectorRequirement matchFields=2:NodeSelectorRequirement",
    "NodeSelectorRequirement": "key=1 operator=2 values=3",
    "PodAffinity": "requiredDuringSchedulingIgnoredDuringExecution=1:PodAffinityTerm",
    "PodAntiAffinity": "requiredDuringSchedulingIgnoredDuringExecution=1:PodAffinityTerm",
    "PodAffinityTerm": "labelSelector=1:LabelSelector namespaces=2 topologyKey=3 "
    "namespaceSelector=4:LabelSelector",
    "Toleration": "key=1 operator=2 value=3 effect=4",
    "TopologySpreadConstraint": "maxSkew=1? topologyKey=2 whenUnsatisfiable=3 labelSelector=4:LabelSelector "
    "minDomains=5 nodeAffinityPolicy=6 nodeTaintsPolicy=7",
    "Container": "name=1~ image=2~ ports=6:ContainerPort~ resources=8:ResourceRequirements~ "
    "livenessProbe=10:Probe~ readinessProbe=11:Probe~ startupProbe=22:Probe~ restartPolicy=24",
    "ContainerPort": "name=1 containerPort=3 protocol=4",
    "ResourceRequirements": "limits=1 requests=2",
    "Probe": "exec=1.1:ExecAction httpGet=1.2:HTTPGetAction tcpSocket=1.3:TCPSocketAction grpc=1.4:GRPCAction "
    "initialDelaySeconds=2 timeoutSeconds=3 periodSeconds=4 failureThreshold=6",
    "ExecAction": "",
    "HTTPGetAction": "path=1 port=2",
    "TCPSocketAction": "port=1",
    "GRPCAction": "port=1:int32",
    "Volume": "name=1 hostPath=2.1:HostPathVolumeSource emptyDir=2.2:EmptyDirVolumeSource "
    "persistentVolumeClaim=2.10:PersistentVolumeClaimVolumeSource",
    "HostPathVolumeSource": "",
    "EmptyDirVolumeSource": "medium=1",
    "PersistentVolumeClaimVolumeSource": "claimName=1",
    "PodStatus": "phase=1~ conditions=2:PodCondition reason=4 startTime=7 containerStatuses=8:ContainerStatus "
    "initContainerStatuses=10:ContainerStatus",
    "PodCondition": "type=1~ status=2 lastTransitionTime=4 reason=5~",
    "ContainerStatus": "name=1~ state=2:ContainerState lastState=3:ContainerState~ ready=4 restartCount=5 "
    "started=9",
    "ContainerState": "waiting=1:ContainerStateWaiting~ running=2:ContainerStateRunning~ "
    "terminated=3:ContainerStateTerminated~",
    "ContainerStateWaiting": "reason=1",
    "ContainerStateRunning": "startedAt=1",
    "ContainerStateTerminated": "exitCode=1 reason=3 startedAt=5 finishedAt=6",
    # core/v1: nodes, namespaces, services, volumes
    "Node": "metadata=1:ObjectMeta spec=2:NodeSpec status=3:NodeStatus",
    "NodeSpec": "unschedulable=4 taints=5:Taint",
    "Taint": "key=1 value=2 effect=3 timeAdded=4",
    "NodeStatus": "capacity=1 allocatable=2 conditions=4:NodeCondition",
    "NodeCondition": "type=1 status=2 lastHeartbeatTime=3 lastTransitionTime=4 reason=5",
    "Namespace": "metadata=1:ObjectMeta status=3:NamespaceStatus",
    "NamespaceStatus": "phase=1",
    "Service": "metadata=1:ObjectMeta spec=2:ServiceSpec status=3:ServiceStatus",
    "ServiceSpec": "ports=1:ServicePort selector=2 clusterIP=3 type=4 externalName=10 "
    "publishNotReadyAddresses=13",
    "ServicePort": "name=1 protocol=2 port=3 targetPort=4 nodePort=5",
    "ServiceStatus": "loadBalancer=1:LoadBalancerStatus",
    "LoadBalancerStatus": "ingress=1:LoadBalancerIngress",
    "LoadBalancerIngress": "ip=1 hostname=2",
    "PersistentVolumeClaim": "metadata=1:ObjectMeta spec=2:PersistentVolumeClaimSpec "
    "status=3:PersistentVolumeClaimStatus",
    "PersistentVolumeClaimSpec": "volumeName=3 storageClassName=5 volumeMode=6",
    "PersistentVolumeClaimStatus": "phase=1 conditions=4:PersistentVolumeClaimCondition",
    "PersistentVolumeClaimCondition": "type=1 status=2 lastTransitionTime=4 reason=5",
    "PersistentVolume": "metadata=1:ObjectMeta spec=2:PersistentVolumeSpec status=3:PersistentVolumeStatus",
    "PersistentVolumeSpec": "claimRef=4:ObjectReference persistentVolumeReclaimPolicy=5 storageClassName=6",
    "PersistentVolumeStatus": "phase=1 reason=3 lastPhaseTransitionTime=4",
    "ObjectReference": "kind=1~ namespace=2~ name=3 uid=4",
    # apps/v1
    "Deployment": "metadata=1:ObjectMeta spec=2:DeploymentSpec status=3:DeploymentStatus",
    "DeploymentSpec": "replicas=1 selector=2:LabelSelector template=3:PodTemplateSpec "
    "strategy=4:DeploymentStrategy minReadySeconds=5 paused=7 progressDeadlineSeconds=9",
    "DeploymentStrategy": "type=1 rollingUpdate=2:RollingUpdateDeployment",
    "RollingUpdateDeployment": "maxUnavailable=1 maxSurge=2",
    "DeploymentStatus": "observedGeneration=1 replicas=2 updatedReplicas=3 availableReplicas=4 "
    "unavailableReplicas=5 conditions=6:DeploymentCondition readyReplicas=7",
    "DeploymentCondition": "type=1 status=2 reason=4 lastUpdateTime=6 lastTransitionTime=7",
    "StatefulSet": "metadata=1:ObjectMeta spec=2:StatefulSetSpec status=3:StatefulSetStatus",
    "StatefulSetSpec": "replicas=1 selector=2:LabelSelector template=3:PodTemplateSpec serviceName=5 "
    "updateStrategy=7:StatefulSetUpdateStrategy minReadySeconds=9 ordinals=11:StatefulSetOrdinals",
    "StatefulSetUpdateStrategy": "type=1 rollingUpdate=2:RollingUpdateStatefulSetStrategy",
    "RollingUpdateStatefulSetStrategy": "partition=1 maxUnavailable=2",
    "StatefulSetOrdinals": "start=1",
    "StatefulSetStatus": "observedGeneration=1 replicas=2 readyReplicas=3 updatedReplicas=5 currentRevision=6 "
    "updateRevision=7 conditions=10:StatefulSetCondition availableReplicas=11",
    "StatefulSetCondition": "type=1 status=2 lastTransitionTime=3 reason=4",
    "DaemonSet": "metadata=1:ObjectMeta spec=2:DaemonSetSpec status=3:DaemonSetStatus",
    "DaemonSetSpec": "selector=1:LabelSelector template=2:PodTemplateSpec "
    "updateStrategy=3:DaemonSetUpdateStrategy minReadySeconds=4",
    "DaemonSetUpdateStrategy": "type=1 rollingUpdate=2:RollingUpdateDaemonSet",
    "RollingUpdateDaemonSet": "maxUnavailable=1 maxSurge=2",
    "DaemonSetStatus": "currentNumberScheduled=1 numberMisscheduled=2 desiredNumberScheduled=3 numberReady=4 "
    "observedGeneration=5 updatedNumberScheduled=6 numberAvailable=7 numberUnavailable=8 "
    "conditions=10:DaemonSetCondition",
    "DaemonSetCondition": "type=1 status=2 lastTransitionTime=3 reason=4",
    "ReplicaSet": "metadata=1:ObjectMeta",
    # batch/v1
    "Job": "metadata=1:ObjectMeta spec=2:JobSpec status=3:JobStatus",
    "JobSpec": "parallelism=1 completions=2 activeDeadlineSeconds=3 template=6:PodTemplateSpec backoffLimit=7 "
    "suspend=10",
    "JobStatus": "conditions=1:JobCondition startTime=2 completionTime=3 active=4 succeeded=5 failed=6",
    "JobCondition": "type=1 status=2 lastTransitionTime=4 reason=5",
    "CronJob": "metadata=1:ObjectMeta spec=2:CronJobSpec status=3:CronJobStatus",
    "CronJobSpec": "schedule=1 startingDeadlineSeconds=2 suspend=4 jobTemplate=5:JobTemplateSpec timeZone=8",
    "JobTemplateSpec": "spec=2:JobSpec",
    "CronJobStatus": "active=1:ObjectReference lastScheduleTime=4 lastSuccessfulTime=5",
    # autoscaling/v2
    "HorizontalPodAutoscaler": "metadata=1:ObjectMeta spec=2:HorizontalPodAutoscalerSpec "
    "status=3:HorizontalPodAutoscalerStatus",
    "HorizontalPodAutoscalerSpec": "scaleTargetRef=1:CrossVersionObjectReference minReplicas=2? maxReplicas=3 "
    "metrics=4:MetricSpec",
    "HorizontalPodAutoscalerStatus": "observedGeneration=1 lastScaleTime=2 currentReplicas=3 desiredReplicas=4 "
    "currentMetrics=5:MetricStatus conditions=6:HorizontalPodAutoscalerCondition",
    "HorizontalPodAutoscalerCondition": "type=1 status=2 lastTransitionTime=3 reason=4",
    "CrossVersionObjectReference": "kind=1 name=2",
    "MetricSpec": "type=1 object=2:ObjectMetricSource pods=3:PodsMetricSource resource=4:ResourceMetricSource "
    "external=5:ExternalMetricSource containerResource=7:ContainerResourceMetricSource",
    "MetricStatus": "type=1 object=2:ObjectMetricStatus pods=3:PodsMetricStatus resource=4:ResourceMetricStatus "
    "external=5:ExternalMetricStatus containerResource=7:ContainerResourceMetricStatus",
    "ResourceMetricSource": "name=1 target=2:MetricTarget",
    "ResourceMetricStatus": "name=1 current=2:MetricValueStatus",
    "ContainerResourceMetricSource": "name=1 target=2:MetricTarget container=3",
    "ContainerResourceMetricStatus": "name=1 current=2:MetricValueStatus container=3",
    "PodsMetricSource": "metric=1:MetricIdentifier target=2:MetricTarget",
    "PodsMetricStatus": "metric=1:MetricIdentifier current=2:MetricValueStatus",
    "ObjectMetricSource": "describedObject=1:CrossVersionObjectReference target=2:MetricTarget "
    "metric=3:MetricIdentifier",
    "ObjectMetricStatus": "metric=1:MetricIdentifier current=2:MetricValueStatus "
    "describedObject=3:CrossVersionObjectReference",
    "ExternalMetricSource": "metric=1:MetricIdentifier target=2:MetricTarget",
    "ExternalMetricStatus": "metric=1:MetricIdentifier current=2:MetricValueStatus",
    "MetricTarget": "type=1 value=2:Quantity averageValue=3:Quantity averageUtilization=4",
    "MetricValueStatus": "value=1:Quantity averageValue=2:Quantity averageUtilization=3",
    "MetricIdentifier": "name=1 selector=2:LabelSelector",
    # policy/v1
    "PodDisruptionBudget": "metadata=1:ObjectMeta spec=2:PodDisruptionBudgetSpec "
    "status=3:PodDisruptionBudgetStatus",
    "PodDisruptionBudgetSpec": "minAvailable=1 selector=2:LabelSelector maxUnavailable=3 "
    "unhealthyPodEvictionPolicy=4",
    "PodDisruptionBudgetStatus": "observedGeneration=1 disruptionsAllowed=3 currentHealthy=4 desiredHealthy=5 "
    "expectedPods=6 conditions=7:Condition",
    # networking.k8s.io/v1
    "Ingress": "metadata=1:ObjectMeta spec=2:IngressSpec status=3:IngressStatus",
    "IngressSpec": "defaultBackend=1:IngressBackend tls=2:IngressTLS rules=3:IngressRule ingressClassName=4",
    "IngressBackend": "service=4:IngressServiceBackend",
    "IngressServiceBackend": "name=1 port=2:ServiceBackendPort",
    "ServiceBackendPort": "name=1 number=2",
    "IngressTLS": "hosts=1 secretName=2",
    "IngressRule": "host=1 http=2.1:HTTPIngressRuleValue",
    "HTTPIngressRuleValue": "paths=1:HTTPIngressPath",
    "HTTPIngressPath": "path=1 backend=2:IngressBackend",
    "IngressStatus": "loadBalancer=1:IngressLoadBalancerStatus",
    "IngressLoadBalancerStatus": "ingress=1:IngressLoadBalancerIngress",
    "IngressLoadBalancerIngress": "ip=1 hostname=2",
    "IngressClass": "metadata=1:ObjectMeta spec=2:IngressClassSpec",
    "IngressClassSpec": "controller=1",
    "NetworkPolicy": "metadata=1:ObjectMeta spec=2:NetworkPolicySpec",
    "NetworkPolicySpec": "podSelector=1:LabelSelector ingress=2:NetworkPolicyIngressRule "
    "egress=3:NetworkPolicyEgressRule policyTypes=4",
    "NetworkPolicyIngressRule": "ports=1:NetworkPolicyPort from=2:NetworkPolicyPeer",
    "NetworkPolicyEgressRule": "ports=1:NetworkPolicyPort to=2:NetworkPolicyPeer",
    "NetworkPolicyPeer": "podSelector=1:LabelSelector namespaceSelector=2:LabelSelector ipBlock=3:IPBlock",
    "NetworkPolicyPort": "protocol=1 port=2 endPort=3",
    "IPBlock": "cidr=1 except=2",
    # discovery.k8s.io/v1, storage.k8s.io/v1, scheduling.k8s.io/v1, coordination.k8s.io/v1, apiregistration.k8s.io/v1
    "EndpointSlice": "metadata=1:ObjectMeta endpoints=2:Endpoint ports=3:EndpointPort addressType=4",
    "Endpoint": "conditions=2:EndpointConditions~ targetRef=4:ObjectReference nodeName=6~",
    "EndpointConditions": "ready=1 serving=2 terminating=3",
    "EndpointPort": "name=1 protocol=2 port=3",
    "StorageClass": "metadata=1:ObjectMeta provisioner=2 allowVolumeExpansion=6 volumeBindingMode=7",
    "PriorityClass": "metadata=1:ObjectMeta value=2 globalDefault=3 preemptionPolicy=5",
    "Lease": "metadata=1:ObjectMeta spec=2:LeaseSpec",
    "LeaseSpec": "holderIdentity=1 leaseDurationSeconds=2 renewTime=4:MicroTime",
    "APIService": "metadata=1:ObjectMeta spec=2:APIServiceSpec status=3:APIServiceStatus",
    "APIServiceSpec": "service=1:ServiceReference",
    "ServiceReference": "namespace=1 name=2",
    "APIServiceStatus": "conditions=1:APIServiceCondition",
    "APIServiceCondition": "type=1 status=2 lastTransitionTime=3 reason=4",
}
